using System.Text.RegularExpressions;
using GMem.Tests.Shared;

namespace GMem.Tool.Tests.Documentation;

/// <summary>The documents for people, and what stands in their fenced blocks.</summary>
internal static partial class DocumentFile
{
    public static string Root() => Repository.Root;

    public static IReadOnlyList<string> All { get; } =
    [
        Path.Combine(Root(), "README.md"), Path.Combine(Root(), "CONTRIBUTING.md"), Path.Combine(Root(), "eng", "package", "README.md"),
        .. Directory.EnumerateFiles(Path.Combine(Root(), "docs"), "*.md").Order(),
    ];

    public static string Name(string path) => Path.GetRelativePath(Root(), path);

    /// <summary>C# blocks, each with its number, what is given to it (see CONTRIBUTING.md) and its text.</summary>
    public static IEnumerable<(int Number, string Given, string Code)> Snippets(string path) =>
        CSharp().Matches(Text(path)).Select((match, i) => (i + 1, match.Groups["given"].Value, match.Groups["code"].Value));

    /// <summary>The lines of blocks without a language which begin with a word.</summary>
    public static IEnumerable<string> CommandLines(string path, string command) => Plain().Matches(Text(path))
        .SelectMany(block => block.Groups["text"].Value.Split('\n')).Where(
            line => line.StartsWith(command + " ", StringComparison.Ordinal));

    /// <summary>Targets of links that are not addresses.</summary>
    public static IEnumerable<string> Links(string path) =>
        Link().Matches(Text(path)).Select(match => match.Groups[1].Value).Where(link => !link.Contains("://"));

    private static string Text(string path) => File.ReadAllText(path).ReplaceLineEndings("\n");

    [GeneratedRegex(@"(?:<!-- given:(?<given>[^\n]*?)-->\n)?```csharp\n(?<code>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CSharp();

    [GeneratedRegex(@"^```\n(?<text>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Plain();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
