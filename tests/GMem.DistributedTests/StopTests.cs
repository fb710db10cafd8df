using GMem.Tests.Shared;

namespace GMem.DistributedTests;

/// <summary>What ends a run before its last step ends it on all ranks after the same one.</summary>
public sealed class StopTests
{
    private const int UserSignal = 10;

    private static readonly string[] Diverging = ["fit", "shards=4", "steps=16", "learning-rate=0.2", "faulty=1", "most-skipped=2"];

    /// <summary>mpirun passes the signal on to all ranks, which hear it in different steps.</summary>
    [Fact]
    public void Signal_ToTheLauncher_StopsAllAfterTheSameStepAndKeepsTheModel()
    {
        using TemporaryFolder folder = new();
        using RankRun two = RankRun.Start(new RankLaunch(2), "fit", "shards=4", "steps=1000000", $"workspace={folder.File("run")}");
        two.WaitFor("step: 5 ");
        RankRun.Signal(two.Launcher, UserSignal);
        RequireStopped(two.End(TimeSpan.FromSeconds(20)).RequireSuccess(), 2);
    }

    /// <summary>One rank's token stops all.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Signal_ToOneRank_StopsAllAfterTheSameStep(int who)
    {
        using RankRun run = RankRun.Start(new RankLaunch(4), "fit", "shards=4", "steps=1000000");
        run.WaitFor("step: 5 ");
        RankRun.Signal(run.ProcessOf(who), UserSignal);
        RequireStopped(run.End(TimeSpan.FromSeconds(20)).RequireSuccess(), 4);
    }

    /// <summary>Without patience the run would not end for a long time; with it, it ends where one process does.</summary>
    [Fact]
    public void EarlyStopping_OfTwoRanks_IsThatOfOne()
    {
        string[] arguments = ["fit", "shards=2", "steps=400", "patience=2", "validation=0.25", "learning-rate=0.3", "no-clip=yes"];
        RankResult one = RankRun.Of(1, arguments).RequireSuccess(), two = RankRun.Of(2, arguments).RequireSuccess();
        Assert.InRange(one.Of("step").Count(), 4, 399);
        Assert.Equal(one.Of("step"), two.Of("step"));
        Assert.Equal(one.Weights, two.Weights);
    }

    /// <summary>A loss that is not finite on one rank alone: all leave the step out, and return to the same checkpoint.</summary>
    [Fact]
    public void Guard_OfTwoRanks_ReturnsAsOneDoes()
    {
        RankResult one = RankRun.Of(1, Diverging).RequireSuccess(), two = RankRun.Of(2, Diverging).RequireSuccess();
        Assert.Contains(one.Of("warning"), w => w.Contains("returned to step", StringComparison.Ordinal));
        Assert.Equal(one.Of("warning"), two.Of("warning"));
        Assert.Equal(one.Of("step"), two.Of("step"));
        Assert.Equal(one.Weights, two.Weights);
    }

    [Fact]
    public void Guard_ThatStops_EndsAllWithOneMessage() => Assert.Contains(
        "Training diverged",
        RankRun.Of(2, [.. Diverging, "stop-on-divergence=yes"]).RequireOneMessage(),
        StringComparison.Ordinal);

    private static void RequireStopped(RankResult result, int ranks)
    {
        string[] steps = [.. result.Of("rank").Select(l => l.Split(' ')[2])];
        Assert.Equal(ranks, steps.Length);
        Assert.Single(steps.Distinct());
        Assert.Equal($"True {steps[0]}", result.Of("partial").Single());
        Assert.True(long.Parse(steps[0]) >= 5);
        Assert.Equal(64, result.Weights.Length);
    }
}
