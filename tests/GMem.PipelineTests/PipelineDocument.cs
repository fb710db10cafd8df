using System.Text.RegularExpressions;
using GMem.Tests.Shared;

namespace GMem.PipelineTests;

/// <summary>The page of recipes, and the marked regions of the code that is run.</summary>
internal static partial class PipelineDocument
{
    private static readonly string[] Sources = ["tests/GMem.PipelineTests/Recipes", "examples/FSharp", "examples/FileBased"];

    public static string Text => File.ReadAllText(Path.Combine(Repository.Root, "docs", "pipelines.md")).ReplaceLineEndings("\n");

    /// <summary>The code between region markers, each with its name.</summary>
    public static IReadOnlyList<(string Name, string Code)> Regions { get; } =
    [
        .. Sources.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder)))
            .SelectMany(file => RegionsOf(File.ReadAllText(file))),
    ];

    /// <summary>The fenced blocks of C# and F#.</summary>
    public static IReadOnlyList<string> Blocks(string text) => [.. Fence().Matches(text).Select(m => m.Groups["code"].Value)];

    public static IEnumerable<(string Name, string Code)> RegionsOf(string text) =>
        Region().Matches(text.ReplaceLineEndings("\n")).Select(m => (m.Groups["name"].Value, Unindented(m.Groups["code"].Value)));

    private static string Unindented(string code)
    {
        string[] lines = code.TrimEnd('\n', ' ').Split('\n');
        int indent = lines.Where(l => l.Length > 0).Min(l => l.Length - l.TrimStart(' ').Length);
        return string.Concat(lines.Select(l => (l.Length > 0 ? l[indent..] : l) + "\n"));
    }

    [GeneratedRegex("^```(csharp|fsharp)\n(?<code>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex("^ *(//)?#region (?<name>[^\n]+)\n(?<code>.*?)^ *(//)?#endregion", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Region();
}
