namespace GMem.Tool.Tests;

/// <summary>The help is what people read first, and what scripts are written from: every word of it is pinned.</summary>
public sealed class HelpTests
{
    private static readonly string[][] Commands =
    [
        [], ["train"], ["generate"], ["vary"], ["inpaint"], ["invert"], ["evaluate"], ["tune"], ["memory"], ["memory", "list"],
        ["memory", "nearest"], ["memory", "add"],
        ["memory", "remove"], ["memory", "interpolate"],
        ["memory", "merge"], ["memory", "import"], ["memory", "export"], ["adapter"], ["adapter", "add"], ["adapter", "remove"],
        ["import"], ["info"],
        ["doctor"],
        ["extension"], ["extension", "add"], ["extension", "list"],
    ];

    [Fact]
    public void Help_OfEveryCommand_IsAsPinned()
    {
        foreach (string[] command in Commands)
        {
            Snapshot.Match(string.Join('-', ["help", .. command]), ToolRun.Done([.. command, "--help"]));
        }
    }

    [Fact]
    public void Help_OfRootAndGroups_NamesEveryCommandTested()
    {
        HashSet<string> named = [.. Commands.Where(c => c.Length > 0).Select(c => c[^1])];
        foreach (string[] group in new string[][] { [], ["memory"], ["adapter"] })
        {
            string help = ToolRun.Done([.. group, "--help"]);
            string[] listed = [.. help[help.IndexOf("Commands:", StringComparison.Ordinal)..].Split('\n').Skip(1)
                .Where(line => line.StartsWith("  ", StringComparison.Ordinal) && !line.StartsWith("   ", StringComparison.Ordinal)).Select(
                    line => line.Trim().Split(' ')[0])];
            Assert.NotEmpty(listed);
            Assert.All(listed, name => Assert.Contains(name, named));
        }
    }

    [Fact]
    public void Version_IsThatOfTheAssembly() =>
        Assert.StartsWith(typeof(ToolProgram).Assembly.GetName().Version!.ToString(3), ToolRun.Done("--version"));
}
