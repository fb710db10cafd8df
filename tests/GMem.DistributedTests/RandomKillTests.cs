using System.Diagnostics;
using System.Globalization;
using GMem.Tests.Shared;

namespace GMem.DistributedTests;

/// <summary>
/// Kills of any rank at any time. Not a part of continuous integration: <c>GMEM_RANK_KILLS=20</c> says how many
/// (<c>GMEM_RANK_KILLS=20 dotnet run -c Release --project tests/GMem.DistributedTests -- --filter-class *RandomKillTests</c>).
/// </summary>
public sealed class RandomKillTests
{
    [Fact]
    public void Fit_KilledOftenAtRandom_GivesTheWeightsOfARunThatWasNever()
    {
        string? wanted = Environment.GetEnvironmentVariable("GMEM_RANK_KILLS");
        Assert.SkipWhen(string.IsNullOrEmpty(wanted), "GMEM_RANK_KILLS says how often; it takes minutes");
        int kills = int.Parse(wanted, CultureInfo.InvariantCulture), seed = Environment.TickCount;
        using TemporaryFolder folder = new();
        Random random = new(seed);
        string[] arguments = ["fit", "shards=4", "averages=yes", "validation=0.25", "source=yes", "sample=25", "width=96"];
        int steps = 20 * kills;
        RankResult whole = Run(1, [.. arguments, $"steps={steps}", $"workspace={folder.File("whole")}"]);
        string[] killed = [.. arguments, $"steps={steps}", $"workspace={folder.File("killed")}"];
        for (int kill = 0; kill < kills; kill++)
        {
            // Also while the ranks start, which takes a good second.
            int ranks = random.Next(2) == 0 ? 2 : 4, who = random.Next(ranks);
            using RankRun run = RankRun.Start(new RankLaunch(ranks), killed);
            bool amidSteps = random.Next(4) > 0;
            if (amidSteps)
            {
                run.WaitFor("step:");
            }

            Thread.Sleep(random.Next(amidSteps ? 1500 : 3000));
            RankRun.Signal(run.ProcessOf(who), 9);
            Stopwatch watch = Stopwatch.StartNew();
            RankResult result = run.End(TimeSpan.FromSeconds(10));
            Assert.NotEqual(0, result.ExitCode);
            string step = result.Of("step").LastOrDefault("none").Split(' ')[0];
            string said = $"kill {kill + 1}: rank {who} of {ranks}, last step {step}, "
                + $"all ended after {watch.Elapsed.TotalSeconds:0.0} s";
            TestContext.Current.SendDiagnosticMessage(said);
            Assert.Empty(result.Of("warning"));
        }

        RankResult last = Run(4, killed);
        Assert.True(last.Of("step").Any(), "the run ended before it could be killed often enough");
        Assert.Equal(whole.Weights, last.Weights);

        static RankResult Run(int ranks, string[] arguments)
        {
            using RankRun run = RankRun.Start(new RankLaunch(ranks), arguments);
            return run.End(TimeSpan.FromMinutes(10)).RequireSuccess();
        }
    }
}
