using GMem.Tests.Shared;

namespace GMem.ArchitectureTests;

/// <summary>No line is longer than a reader's window: 140 characters.</summary>
public sealed class LineTests
{
    private const int Limit = 140;

    private static readonly string[] Extensions =
        [".cs", ".fs", ".fsx", ".csproj", ".fsproj", ".props", ".targets", ".yml", ".sh", ".py", ".md"];

    /// <summary>What is built or tried out, and not written by hand.</summary>
    private static readonly string[] Built = ["bin", "obj", "artifacts", "packages", "TestResults", ".git", "node_modules"];

    [Fact]
    public void Lines_OfWhatIsWrittenByHand_FitTheLimit()
    {
        string[] files = [.. Files(Repository.Root)];
        Assert.True(files.Length > 500, $"only {files.Length} files were found");
        Assert.Empty(files.SelectMany(file => TooLong(file, File.ReadAllLines(file))
            .Select(line => $"{Path.GetRelativePath(Repository.Root, file)}:{line}")));
    }

    /// <summary>The rule must be able to fail, and to spare what cannot be broken.</summary>
    [Fact]
    public void TooLong_OfLinesAroundTheLimit_FindsThoseBeyondIt()
    {
        string fits = new('x', Limit), tooLong = new('x', Limit + 1);
        Assert.Equal([2], TooLong("a.cs", [fits, tooLong, ""]));
        Assert.Equal([2], TooLong("a.md", [fits, tooLong]));
        Assert.Equal([5], TooLong("a.md", ["```", tooLong, "```", $"| {tooLong} |", tooLong]));
        Assert.Equal([1], TooLong("a.cs", [$"| {tooLong} |"]));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/architecture.md")]
    [InlineData("src/GMem/Parts/ModelPart.cs")]
    [InlineData("src/Directory.Build.props")]
    [InlineData("eng/public-api")]
    [InlineData(".ci/run")]
    public void Files_OfTheRepository_HaveThoseOfEachKind(string file) =>
        Assert.Contains(Path.Combine(Repository.Root, file), Files(Repository.Root).Select(Path.GetFullPath));

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder).Where(IsWrittenByHand)
        .Concat(Directory.EnumerateDirectories(folder).Where(child => !Built.Contains(Path.GetFileName(child))).SelectMany(Files));

    /// <summary>Scripts under eng and .ci have no extension.</summary>
    private static bool IsWrittenByHand(string file) => Path.GetExtension(file) is { Length: > 0 } extension
        ? Extensions.Contains(extension)
        : File.ReadLines(file).FirstOrDefault()?.StartsWith("#!", StringComparison.Ordinal) == true;

    /// <summary>
    /// Numbers, from 1, of the lines beyond the limit. Rows of a Markdown table and commands in its fenced blocks cannot be broken.
    /// </summary>
    private static IEnumerable<int> TooLong(string file, IReadOnlyList<string> lines)
    {
        bool markdown = file.EndsWith(".md", StringComparison.Ordinal), fenced = false;
        for (int i = 0; i < lines.Count; i++)
        {
            fenced ^= markdown && lines[i].TrimStart().StartsWith("```", StringComparison.Ordinal);
            bool exempt = markdown && (fenced || lines[i].StartsWith('|'));
            if (lines[i].Length > Limit && !exempt)
            {
                yield return i + 1;
            }
        }
    }
}
