using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using GMem.Tests.Shared;

namespace GMem.Tests.Training.Checkpoints;

public sealed class KilledProcessTests
{
    /// <summary>Kills of the soak test; the 50 take two minutes: GMEM_SOAK_KILLS=50.</summary>
    private static readonly int Kills = int.Parse(
        Environment.GetEnvironmentVariable("GMEM_SOAK_KILLS") ?? "3", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Fit_ProcessKilledAtRandomMoments_SameWeightsAsNeverKilled()
    {
        using TemporaryFolder folder = new();
        Random random = new(20_261_124);
        int steps = 30 * Math.Max(3, Kills);
        string whole = (await RunAsync(folder.File("whole"), steps, killAfter: null)).Last();
        Assert.StartsWith("weights ", whole, StringComparison.Ordinal);

        int killed = 0, amidCheckpoint = 0;
        List<string> output = [];
        while (killed < Kills)
        {
            // Counted from the first step, so that not only the start of the process is killed.
            output = await RunAsync(folder.File("killed"), steps, TimeSpan.FromMilliseconds(random.Next(5, 250)));
            Assert.False(output.LastOrDefault()?.StartsWith(
                "weights ", StringComparison.Ordinal) == true, "the run ended before it could be killed often enough");
            killed++;
            amidCheckpoint += Directory.Exists(folder.File("killed/checkpoints"))
                && Directory.GetFiles(folder.File("killed/checkpoints"), "*.tmp").Length > 0 ? 1 : 0;
        }

        TestContext.Current.SendDiagnosticMessage(
            $"{killed} kills, {amidCheckpoint} of them amid a checkpoint, the last at {output.LastOrDefault()}");
        Assert.Equal(whole, (await RunAsync(folder.File("killed"), steps, killAfter: null)).Last());
    }

    /// <returns>The lines that the process wrote.</returns>
    private static async Task<List<string>> RunAsync(string workspace, int steps, TimeSpan? killAfter)
    {
        ProcessStartInfo start = new(Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet")))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in new[] { "exec", Path.Combine(
            AppContext.BaseDirectory, "GMem.TrainingProcess.dll"), workspace, steps.ToString(CultureInfo.InvariantCulture) })
        {
            start.ArgumentList.Add(argument);
        }

        if (killAfter is { } time)
        {
            start.ArgumentList.Add(((int)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        List<string> lines = [];
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }

        await process.WaitForExitAsync();
        Assert.True(killAfter is not null || process.ExitCode == 0, await errors);
        return lines;
    }
}
