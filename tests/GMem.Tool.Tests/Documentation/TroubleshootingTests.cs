using System.Text.RegularExpressions;

namespace GMem.Tool.Tests.Documentation;

/// <summary>A message that the document explains is one that the code still gives.</summary>
public sealed partial class TroubleshootingTests
{
    /// <summary>Messages of others.</summary>
    private static readonly string[] Foreign = ["Two TorchSharp runtime packages", "MissingMethodException", "MLImage", "Could not load legacy format model", "Failed to open a zip archive"];

    [Fact]
    public void Messages_OfTheDocument_AreInTheCode()
    {
        string sources = string.Concat(Directory.EnumerateFiles(Path.Combine(DocumentFile.Root(), "src"), "*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".cs" or ".targets" && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}")).Select(File.ReadAllText));
        string[] messages = [.. Row().Matches(File.ReadAllText(Path.Combine(DocumentFile.Root(), "docs", "troubleshooting.md")))
            .SelectMany(row => Code().Matches(row.Value.Split('|')[1])).Select(code => code.Groups[1].Value).Where(message => !Foreign.Any(f => message.Contains(f)))];
        Assert.True(messages.Length > 15, $"only {messages.Length} messages");
        Assert.All(messages, message => Assert.Contains(LongestPart(message), sources));
    }

    /// <summary>The longest run of words without what a message fills in: numbers, names in quotes, and what is left out.</summary>
    private static string LongestPart(string message) => Variable().Split(message).MaxBy(part => part.Length)!.Trim();

    [GeneratedRegex(@"^\|.*\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\.\.\.|'[^']*'|\d[\d.]*|GLIBCXX_\S+|GMEM_LIBTORCH|libtorch_cpu\.so|ImageSize|Network\.PatchSize|GpuDeviceId|HorizontalFlip")]
    private static partial Regex Variable();
}
