using System.Text.Json;
using GMem.FileFormats;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>
/// Known right answers, in two sets. The small set lies in this repository (<c>tests/Reference</c>) and is required: a test that finds none
/// of its cases there fails. The large set is the folder that <c>GMEM_REFERENCE</c> names, else <c>../shared/reference</c> beside the
/// repository. It runs too where it is present. Files are test cases, found by enumerating both folders; nothing here knows a name, a size
/// or a count.
/// </summary>
public static class ReferenceFolder
{
    private static readonly string Small = Path.Combine(Repository.Root, "tests", "Reference");
    private static readonly string? Large = FindLarge();
    private static readonly Lock Gate = new();

    /// <summary>Set by .ci/run: a large set that is present must have cases for every test.</summary>
    private static bool Required => Environment.GetEnvironmentVariable("GMEM_REFERENCE_REQUIRED") == "1";

    /// <summary>The folders of the sets that are present.</summary>
    public static IReadOnlyList<string> Sets { get; } = Large is null ? [Small] : [Small, Large];

    /// <summary>The files of one folder in every set that is present, in the order of their paths.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern = "*.safetensors") =>
        [.. Sets.Select(s => Path.Combine(s, folder)).Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, pattern)).Order(StringComparer.Ordinal)];

    /// <summary>
    /// Fails a test that found no case in the small set; skips one with cases in the large set alone, where that is absent.
    /// </summary>
    /// <param name="folder">The folder that was read.</param>
    /// <param name="cases">The path of each case's file.</param>
    /// <param name="what">What the cases are.</param>
    /// <param name="inSmallSet">False for cases too large for the repository.</param>
    public static void RequireCases(string folder, IReadOnlyCollection<string> cases, string what, bool inSmallSet = true)
    {
        int small = cases.Count(path => path.StartsWith(Small + Path.DirectorySeparatorChar, StringComparison.Ordinal));
        int large = cases.Count - small;
        Record("small", folder, small, what);
        Record("large", folder, large, what);
        string missing = $"no {what} in '{Path.Combine(Large ?? "../shared/reference", folder)}'";
        Assert.True(small > 0 || !inSmallSet, $"no {what} in '{Path.Combine(Small, folder)}', the small set of reference cases");
        Assert.False(Required && Large is not null && large == 0, $"{missing}, the large set of reference cases");
        Assert.SkipWhen(cases.Count == 0, $"{missing}; name another folder with GMEM_REFERENCE");
    }

    /// <summary>The JSON under <c>config</c> (or another key) in a file's metadata.</summary>
    internal static JsonElement Config(this SafetensorsFile file, string key = "config")
    {
        using JsonDocument document = JsonDocument.Parse(file.Metadata[key]);
        return document.RootElement.Clone();
    }

    /// <summary>Largest |actual - expected| - (absolute + relative |expected|) over all elements must not be above 0.</summary>
    public static void Close(torch.Tensor actual, torch.Tensor expected, double absolute, double relative, string what)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.True(actual.shape.SequenceEqual(
            expected.shape), $"{what}: shape [{string.Join(", ", actual.shape)}], expected [{string.Join(", ", expected.shape)}]");
        torch.Tensor e = expected.to(torch.float64);
        torch.Tensor difference = (actual.detach().cpu().to(torch.float64) - e).abs();
        // The numbers are tensors here: not every test project sees TensorNumbers.
        torch.Tensor excess = difference - torch.tensor(absolute) - (torch.tensor(relative) * e.abs());
        Assert.True(actual.numel() > 0, $"{what}: nothing to compare");
        double worst = excess.max().item<double>();
        Assert.True(worst <= 0,
            $"{what}: differs by up to {difference.max().item<double>():g3} (tolerance {absolute:g3} + {relative:g3} relative)");
    }

    private static void Record(string set, string folder, int count, string what)
    {
        string line = $"{set} set: reference/{folder}: {count} {what}";
        TestContext.Current.SendDiagnosticMessage(line);
        if (Environment.GetEnvironmentVariable("GMEM_REFERENCE_REPORT") is { Length: > 0 } report && (set == "small" || Large is not null))
        {
            lock (Gate)
            {
                File.AppendAllText(report, line + Environment.NewLine);
            }
        }
    }

    private static string? FindLarge()
    {
        string? named = Environment.GetEnvironmentVariable("GMEM_REFERENCE");
        string folder = Path.GetFullPath(string.IsNullOrEmpty(named) ? Path.Combine(Repository.Root, "..", "shared", "reference") : named);
        Assert.True(Directory.Exists(folder) || string.IsNullOrEmpty(named), $"GMEM_REFERENCE names '{named}', which is not a folder");
        return Directory.Exists(folder) ? folder : null;
    }
}
