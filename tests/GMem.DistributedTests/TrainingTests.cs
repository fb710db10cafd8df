using GMem.Tests.Shared;

namespace GMem.DistributedTests;

/// <summary>The same weights, and the same files, on any number of ranks.</summary>
public sealed class TrainingTests
{
    /// <summary>Everything that a run can have, and a network of several blocks, so that every rank has a segment of it.</summary>
    private static readonly string[] Everything =
    [
        "fit", "shards=4", "micro=4", "validation=0.25", "averages=yes", "source=yes", "sample=3", "checkpoint=2", "batch=8", "width=96",
        "quality=2", "augment=yes", "flow-map=yes",
    ];

    [Fact]
    public void Fit_OnOneTwoAndFourRanks_GivesTheSameBytes()
    {
        using TemporaryFolder folder = new();
        RankResult one = Run(1), two = Run(2), four = Run(4);
        Assert.Equal(one.Weights, two.Weights);
        Assert.Equal(one.Weights, four.Weights);
        Assert.Equal(one.Of("memory"), two.Of("memory"));
        Assert.Equal(one.Of("memory"), four.Of("memory"));
        Assert.Equal(6, one.Of("step").Count());
        Assert.Equal(one.Of("step"), two.Of("step"));
        Assert.Equal(one.Of("step"), four.Of("step"));
        Dictionary<string, byte[]> files = FilesOf(folder.File("1"));
        Assert.Contains(files.Keys, name => name.StartsWith("checkpoints", StringComparison.Ordinal));
        Assert.Contains(files.Keys, name => name.EndsWith(".png", StringComparison.Ordinal));
        Assert.Contains(files.Keys, name => name.StartsWith("latents", StringComparison.Ordinal));
        RequireSame(files, FilesOf(folder.File("2")));
        RequireSame(files, FilesOf(folder.File("4")));

        RankResult Run(int ranks) =>
            RankRun.Of(ranks, [.. Everything, "steps=6", $"workspace={folder.File($"{ranks}")}"]).RequireSuccess();
    }

    /// <summary>An adapter is so small that one rank has all of it.</summary>
    [Theory]
    [InlineData("freeze=blocks.*.attn.*")]
    [InlineData("adapter=8")]
    public void Fit_APartOfAModel_OnTwoRanksAndGoneOnWithOne_GivesTheSameBytes(string part)
    {
        using TemporaryFolder folder = new();
        string[] arguments = [.. Everything.Where(a => a is not ("source=yes" or "flow-map=yes" or "augment=yes")), part, "initial=yes"];
        RankResult one = Run(1, 6, "one"), two = Run(2, 6, "two");
        Assert.Equal(one.Weights, two.Weights);
        Assert.Equal(one.Of("step"), two.Of("step"));
        RequireSame(FilesOf(folder.File("one")), FilesOf(folder.File("two")));
        _ = Run(2, 3, "parts");
        Assert.Equal(one.Weights, Run(1, 6, "parts").Weights);

        RankResult Run(int ranks, int steps, string name) =>
            RankRun.Of(ranks, [.. arguments, $"steps={steps}", $"workspace={folder.File(name)}"]).RequireSuccess();
    }

    /// <summary>One process with two threads works on two shards at a time.</summary>
    [Fact]
    public void Fit_OnOneRankOfTwoThreads_GivesTheWeightsOfTwoRanks()
    {
        string[] arguments = ["fit", "shards=4", "threads-per-shard=1", "steps=4", "width=96"];
        Assert.Equal(
            RankRun.Of(2, arguments).RequireSuccess().Weights,
            RankRun.Of(1, [.. arguments, "threads=2"]).RequireSuccess().Weights);
    }

    [Fact]
    public void Fit_GoneOnWithAnotherNumberOfRanks_GivesTheBytesOfARunThatNeverStopped()
    {
        using TemporaryFolder folder = new();
        string whole = folder.File("whole"), parts = folder.File("parts");
        RankResult expected = RankRun.Of(2, [.. Everything, "steps=8", $"workspace={whole}"]).RequireSuccess();
        RankResult last = expected;
        foreach ((int ranks, int steps) in new[] { (2, 2), (4, 5), (1, 8) })
        {
            // What is in the workspace says into how many shards a batch is cut.
            string[] shards = steps == 2 ? ["shards=4"] : [];
            last = RankRun.Of(
                ranks, [.. Everything.Where(a => a != "shards=4"), .. shards, $"steps={steps}", $"workspace={parts}"]).RequireSuccess();
        }

        Assert.Equal(expected.Of("step").Skip(5), last.Of("step"));
        Assert.Equal(expected.Weights, last.Weights);
        const string newest = "checkpoints/step-00000008.safetensors";
        RequireSame(new() { [newest] = FilesOf(whole)[newest] }, new() { [newest] = FilesOf(parts)[newest] });
    }

    [Theory]
    [InlineData(3, "shards=4", "Shards is 4, which 3 ranks do not divide evenly: start 1 or 2 or 4 ranks")]
    [InlineData(2, "shards=1", "Shards is 1, which 2 ranks do not divide evenly: start 1 ranks")]
    [InlineData(3, "batch=8", "Shards is 4, which 3 ranks do not divide evenly")]
    [InlineData(4, "batch=2", "Shards is 4, but a batch has 2 images")]
    public void Fit_OnRanksThatDoNotDivideTheShards_IsRefused(int ranks, string argument, string message) =>
        Assert.Contains(message, RankRun.Of(ranks, "fit", argument).RequireOneMessage(), StringComparison.Ordinal);

    /// <summary>Rank 1 sees another folder, as on a host without a shared disk.</summary>
    [Fact]
    public void Fit_WhereOneRankDoesNotSeeTheWorkspace_EncodesOnceAndGivesTheSameWeights()
    {
        using TemporaryFolder folder = new();
        string[] arguments = ["fit", "shards=2", $"workspace={folder.File("first")}", $"workspace@1={folder.File("second")}"];
        RankResult alone = RankRun.Of(1, "fit", "shards=2", "steps=6").RequireSuccess();
        RankResult begun = RankRun.Of(2, [.. arguments, "steps=3"]).RequireSuccess();
        RankResult ended = RankRun.Of(2, [.. arguments, "steps=6"]).RequireSuccess();
        Assert.Equal("24 0", Encoded(begun).Last());
        Assert.Equal(["0 24"], Encoded(ended));
        Assert.Equal(alone.Weights, ended.Weights);
        Assert.NotEmpty(FilesOf(folder.File("first")));
        Assert.False(Directory.Exists(folder.File("second")));
    }

    [Fact]
    public void Fit_WhereAllRanksSeeTheWorkspace_FindsWhatWasEncoded()
    {
        using TemporaryFolder folder = new();
        string[] arguments = ["fit", "shards=2", $"workspace={folder.File("run")}"];
        Assert.Equal("24 0", Encoded(RankRun.Of(2, [.. arguments, "steps=1"])).Last());
        Assert.Equal(["0 24"], Encoded(RankRun.Of(2, [.. arguments, "steps=2"])));
    }

    /// <summary>Images that were encoded and found; not the reports of other phases, which have none.</summary>
    private static IEnumerable<string> Encoded(RankResult result) => result.RequireSuccess().Of("encoded").Where(l => l != "0 0");

    private static void RequireSame(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual)
    {
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        Assert.All(expected, file => Assert.True(file.Value.AsSpan().SequenceEqual(actual[file.Key]), $"'{file.Key}' differs"));
    }

    /// <summary>All files but those that say how long something took.</summary>
    private static Dictionary<string, byte[]> FilesOf(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetExtension(f) is ".safetensors" or ".png")
            .ToDictionary(f => Path.GetRelativePath(folder, f).Replace('\\', '/'), File.ReadAllBytes);
}
