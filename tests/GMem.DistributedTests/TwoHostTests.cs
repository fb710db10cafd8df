using GMem.Tests.Shared;

namespace GMem.DistributedTests;

/// <summary>Ranks on two hosts that share nothing but a cable and, where a test says so, a disk.</summary>
public sealed class TwoHostTests
{
    /// <summary>A network of over a million weights, small images.</summary>
    private static readonly string[] Large = ["fit", "shards=2", "batch=4", "width=192", "depth=3", "images=8"];

    [Fact]
    public void Fit_OnTwoHosts_GivesTheWeightsOfOneProcess()
    {
        using TwoHosts hosts = new();
        using TemporaryFolder folder = new();
        string[] arguments = ["fit", "shards=4", "validation=0.25", "averages=yes", "source=yes", "steps=4", "width=96"];
        RankResult one = RankRun.Of(1, [.. arguments, $"workspace={folder.File("one")}"]).RequireSuccess();
        RankResult two = RankRun.Of(
            hosts.Launch, [.. arguments, $"workspace={folder.File("two")}", $"workspace@1={folder.File("elsewhere")}"]).RequireSuccess();
        Assert.Equal(one.Weights, two.Weights);
        Assert.Equal(one.Of("step"), two.Of("step"));
    }

    /// <summary>
    /// Each rank needs to send P (R - 1) / R floats of gradients and as many of weights a step. Two runs of different lengths tell what a
    /// step takes from what the start takes.
    /// </summary>
    [Fact]
    public void Step_OnTwoHosts_SendsWhatTheAlgorithmNeeds()
    {
        using TwoHosts hosts = new();
        const int few = 2, many = 22;
        (long First, long Second) start = hosts.Sent;
        RankResult brief = RankRun.Of(hosts.Launch, [.. Large, $"steps={few}"]).RequireSuccess();
        (long First, long Second) middle = hosts.Sent;
        _ = RankRun.Of(hosts.Launch, [.. Large, $"steps={many}"]).RequireSuccess();
        (long First, long Second) end = hosts.Sent;
        long parameters = long.Parse(brief.Of("parameters").Single());
        Assert.True(parameters > 1_000_000, $"{parameters} weights");
        double needed = 2.0 * parameters / 2 * sizeof(float);
        foreach ((long before, long between, long after) in new[]
        {
            (start.First, middle.First, end.First), (start.Second, middle.Second, end.Second),
        })
        {
            double step = (after - between - (between - before)) / (double)(many - few);
            TestContext.Current.SendDiagnosticMessage($"{step:N0} bytes a step and rank; {needed:N0} are needed");
            Assert.InRange(step / needed, 0.98, 1.10);
        }
    }

    [Fact]
    public void Link_ThatGoesDown_EndsAllWithinTheTimeOfTheWatchdog()
    {
        using TwoHosts hosts = new();
        using TemporaryFolder folder = new();
        const int timeout = 8;
        string[] arguments = ["fit", "shards=4", $"workspace={folder.File("run")}", $"timeout={timeout}"];
        using RankRun run = RankRun.Start(hosts.Launch, [.. arguments, "steps=1000000"]);
        run.WaitFor("step: 5 ");
        hosts.Cut();
        RankResult result = run.End(TimeSpan.FromSeconds(timeout + 8));
        Assert.NotEqual(0, result.ExitCode);
        Assert.Empty(hosts.Processes());

        long newest = Directory.EnumerateFiles(folder.File("run/checkpoints"), "step-*.safetensors")
            .Max(f => long.Parse(Path.GetFileNameWithoutExtension(f)[5..]));
        RankResult rest = RankRun.Of(1, [.. arguments, $"steps={newest + 1}"]).RequireSuccess();
        Assert.Empty(rest.Of("warning"));
    }
}
