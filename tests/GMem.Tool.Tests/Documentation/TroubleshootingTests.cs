using System.Text.RegularExpressions;

namespace GMem.Tool.Tests.Documentation;

/// <summary>A message that the document explains is one that the code still gives.</summary>
public sealed partial class TroubleshootingTests
{
    /// <summary>Messages of others.</summary>
    private static readonly string[] Foreign = ["Two TorchSharp runtime packages", "MissingMethodException", "MLImage",
        "Could not load legacy format model", "Failed to open a zip archive"];

    [Fact]
    public void Messages_OfTheDocument_AreInTheCode()
    {
        string built = $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}";
        string sources = string.Concat(Directory.EnumerateFiles(Path.Combine(DocumentFile.Root(), "src"), "*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".cs" or ".targets" && !file.Contains(built)).Select(File.ReadAllText));

        // A message may be written in several parts, one below the other.
        sources = Parts().Replace(sources, "");
        string[] messages = [.. Row().Matches(File.ReadAllText(Path.Combine(DocumentFile.Root(), "docs", "troubleshooting.md")))
            .SelectMany(row => Code().Matches(row.Value.Split('|')[1])).Select(code => code.Groups[1].Value).Where(
                message => !Foreign.Any(f => message.Contains(f)))];
        Assert.True(messages.Length > 15, $"only {messages.Length} messages");
        Assert.All(messages, message => Assert.True(Parts(message).Any(part => sources.Contains(part, StringComparison.Ordinal)), message));
        Assert.DoesNotContain(Parts("An elephant sat on the cable"), part => sources.Contains(part, StringComparison.Ordinal));
    }

    /// <summary>All runs of three words of a message; what a message fills in is in none of the code's.</summary>
    private static IEnumerable<string> Parts(string message)
    {
        string[] words = message.Split(' ');
        return Enumerable.Range(0, Math.Max(0, words.Length - 2)).Select(i => string.Join(' ', words[i..(i + 3)]).Trim(',', ';', ':'))
            .Where(part => part.Length >= 12);
    }

    [GeneratedRegex(@"^\|.*\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("\"\\s*\\+ \\$?\"")]
    private static partial Regex Parts();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
