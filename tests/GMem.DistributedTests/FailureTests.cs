using GMem.Tests.Shared;

namespace GMem.DistributedTests;

/// <summary>Whatever ends one rank ends all of them, and nothing is left.</summary>
public sealed class FailureTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Throw_OnOneRank_EndsAllWithItsMessage(int who)
    {
        using RankRun run = RankRun.Start(new RankLaunch(3), "throw", $"who={who}");
        run.WaitFor("ready:");
        Assert.Contains(
            $"rank {who} of 3 failed: System.IO.InvalidDataException: this rank has a fault of its own",
            run.End(Soon).RequireOneMessage(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Return_OfAFailureOnOneRank_EndsAllWithItsCode(int who)
    {
        using RankRun run = RankRun.Start(new RankLaunch(2), "return", $"who={who}");
        run.WaitFor("ready:");
        Assert.Equal(7, run.End(Soon).ExitCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Hang_OfOneRank_EndsAllAfterTheTimeOfTheWatchdog(int who)
    {
        using RankRun run = RankRun.Start(new RankLaunch(2), "hang", "timeout=3", $"who={who}");
        run.WaitFor("ready:");
        Assert.Contains(
            $"rank {1 - who} of 2 (", run.End(TimeSpan.FromSeconds(3) + Soon).RequireOneMessage(), StringComparison.Ordinal);
    }

    /// <summary>The newest checkpoint is whole, and another number of ranks goes on from it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Kill_OfOneRank_EndsAllAndTheRunGoesOn(int who)
    {
        using TemporaryFolder folder = new();
        string[] arguments = ["fit", "shards=4", "averages=yes", $"workspace={folder.File("run")}"];
        using RankRun run = RankRun.Start(new RankLaunch(2), [.. arguments, "steps=1000000"]);
        run.WaitFor("step: 5 ");
        RankRun.Signal(run.ProcessOf(who), 9);
        Assert.NotEqual(0, run.End(Soon).ExitCode);

        long newest = Directory.EnumerateFiles(folder.File("run/checkpoints"), "step-*.safetensors")
            .Max(f => long.Parse(Path.GetFileNameWithoutExtension(f)[5..]));
        Assert.True(newest >= 4, $"the newest checkpoint is of step {newest}");
        RankResult rest = RankRun.Of(4, [.. arguments, $"steps={newest + 2}"]).RequireSuccess();
        Assert.StartsWith($"{newest + 1} ", rest.Of("step").First(), StringComparison.Ordinal);
        Assert.Empty(rest.Of("warning"));
    }
}
