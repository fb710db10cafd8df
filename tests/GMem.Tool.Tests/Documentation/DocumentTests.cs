namespace GMem.Tool.Tests.Documentation;

/// <summary>What the documents show compiles, parses, and leads somewhere.</summary>
public sealed class DocumentTests
{
    public static TheoryData<string> Documents => [.. DocumentFile.All.Select(DocumentFile.Name)];

    /// <summary>The page of recipes is not among them: GMem.PipelineTests compiles and runs what it shows.</summary>
    public static TheoryData<string> WithSnippets =>
        [.. DocumentFile.All.Select(DocumentFile.Name).Where(d => !d.EndsWith("pipelines.md"))];

    [Theory]
    [MemberData(nameof(WithSnippets))]
    public void Snippets_OfADocument_Compile(string document)
    {
        string path = Path.Combine(DocumentFile.Root(), document);
        List<string> faults = [];
        foreach ((int number, string given, string code) in DocumentFile.Snippets(path))
        {
            faults.AddRange(SnippetCompiler.Errors(code, given).Select(error => $"{document}, snippet {number}: {error}"));
        }

        Assert.Empty(faults);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_OfADocument_LeadSomewhere(string document)
    {
        string path = Path.Combine(DocumentFile.Root(), document);
        foreach (string link in DocumentFile.Links(path))
        {
            string[] parts = link.Split('#');
            string target = parts[0].Length == 0 ? path : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, parts[0]));
            bool elsewhere = Path.GetFileName(target) is "training.md";
            Assert.True(elsewhere || File.Exists(target) || Directory.Exists(target), $"{document} links to {link}, which is not there");
            if (parts.Length > 1 && File.Exists(target))
            {
                Assert.Contains(parts[1], File.ReadLines(target).Where(line => line.StartsWith('#')).Select(Anchor));
            }
        }
    }

    [Fact]
    public void Documents_HaveSnippetsAndCommands()
    {
        Assert.True(DocumentFile.All.Sum(path => DocumentFile.Snippets(path).Count()) >= 12);
        Assert.True(DocumentFile.All.Sum(path => DocumentFile.CommandLines(path, "gmem").Count()) >= 20);
    }

    [Theory]
    [InlineData("int x = \"a\";")]
    [InlineData("model.NoSuchMember();")]
    [InlineData("GMemModel unfinished = ")]
    [InlineData("unknown.ToString();")]
    public void SnippetCompiler_OfWrongCode_FindsIt(string code) => Assert.NotEmpty(SnippetCompiler.Errors(code, ""));

    private static string Anchor(string heading) =>
        string.Concat(heading.TrimStart('#').Trim().ToLowerInvariant().Replace(' ', '-').Where(
            c => char.IsAsciiLetterOrDigit(c) || c == '-'));
}
