using System.Text.Json;
using GMem.Weights;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>
/// The folder of known right answers: <c>GMEM_REFERENCE</c>, else <c>../shared/reference</c> beside the project's root.
/// Files in it are test cases, found by enumerating it; nothing here knows a name, a size or a count.
/// </summary>
public static class ReferenceFolder
{
    /// <summary>Set by .ci/run: a reference test that finds no files then fails instead of being skipped.</summary>
    private static bool Required => Environment.GetEnvironmentVariable("GMEM_REFERENCE_REQUIRED") == "1";

    public static string? Root { get; } = Find();

    /// <summary>The files of one folder, in order; none where the folder is absent.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern = "*.safetensors")
    {
        string? path = Root is null ? null : Path.Combine(Root, folder);
        return path is null || !Directory.Exists(path) ? [] : [.. Directory.EnumerateFiles(path, pattern).Order(StringComparer.Ordinal)];
    }

    /// <summary>Ends a test which has no files: skipped with a reason locally, failed in continuous integration. Prints the count.</summary>
    public static void RequireCases(string folder, int count, string what)
    {
        TestContext.Current.SendDiagnosticMessage($"reference/{folder}: {count} {what}");
        Record(folder, count, what);
        if (count > 0)
        {
            return;
        }

        string reason = $"no {what} in '{(Root is null ? "../shared/reference" : Path.Combine(Root, folder))}'; name another folder with GMEM_REFERENCE";
        Assert.False(Required, reason);
        Assert.Skip(reason);
    }

    /// <summary>The JSON under <c>config</c> (or another key) in a file's metadata.</summary>
    public static JsonElement Config(this SafetensorsFile file, string key = "config")
    {
        using JsonDocument document = JsonDocument.Parse(file.Metadata[key]);
        return document.RootElement.Clone();
    }

    /// <summary>Largest |actual - expected| - (absolute + relative |expected|) over all elements must not be above 0.</summary>
    public static void Close(torch.Tensor actual, torch.Tensor expected, double absolute, double relative, string what)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.True(actual.shape.SequenceEqual(expected.shape), $"{what}: shape [{string.Join(", ", actual.shape)}], expected [{string.Join(", ", expected.shape)}]");
        torch.Tensor e = expected.to(torch.float64);
        torch.Tensor difference = (actual.detach().cpu().to(torch.float64) - e).abs();
        // The numbers are tensors here: not every test project sees TensorNumbers.
        torch.Tensor excess = difference - torch.tensor(absolute) - (torch.tensor(relative) * e.abs());
        Assert.True(actual.numel() > 0, $"{what}: nothing to compare");
        double worst = excess.max().item<double>();
        Assert.True(worst <= 0, $"{what}: differs by up to {difference.max().item<double>():g3} (tolerance {absolute:g3} + {relative:g3} relative)");
    }

    private static void Record(string folder, int count, string what)
    {
        if (Environment.GetEnvironmentVariable("GMEM_REFERENCE_REPORT") is not { Length: > 0 } report)
        {
            return;
        }

        lock (Gate)
        {
            File.AppendAllText(report, $"reference/{folder}: {count} {what}{Environment.NewLine}");
        }
    }

    private static readonly Lock Gate = new();

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("GMEM_REFERENCE") is { Length: > 0 } named)
        {
            return named;
        }

        string beside = Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "reference"));
        return Directory.Exists(beside) ? beside : null;
    }
}
