using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GMem.Tool.Tests;

/// <summary>What only a process of its own can show: signals, and a libtorch that is not there.</summary>
public sealed class ProcessTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    private const int Interrupt = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Train_Interrupted_KeepsWhatWasLearntAndSaysSo()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent by kill(2)");
        string output = files.File("interrupted.zip");
        using Process process = Start([], ["train", files.Images, "--output", output, .. TinyFiles.SettingsWith(steps: 100_000_000)]);
        Assert.Contains("step ", await process.StandardOutput.ReadLineAsync());

        Assert.Equal(0, Kill(process.Id, Interrupt));
        (string rest, string error) = await EndOf(process);

        // What was learnt is kept, and can be used.
        Assert.Equal((int)ExitCode.Cancelled, process.ExitCode);
        Assert.Matches("stopped +true", rest);
        Assert.Equal("", error);
        _ = ToolRun.Done("generate", output, "--count", "1", "--output", files.File("interrupted"));
    }

    [Theory]
    [InlineData("doctor")]
    [InlineData("train")]
    public async Task LibTorch_NotThere_IsNamedWithWhatToDo(string command)
    {
        string[] arguments = command == "train" ? ["train", files.Images, "--output", files.File("no.zip")] : ["doctor"];
        using Process process = Start([("GMEM_LIBTORCH", files.File("empty"))], arguments);
        (string output, string error) = await EndOf(process);

        Assert.Equal((int)ExitCode.Runtime, process.ExitCode);
        Assert.Contains("GMEM_LIBTORCH names", output + error);
        Assert.Contains("unset it", output + error);
        Assert.DoesNotContain("   at ", output + error);
    }

    private static Process Start((string Name, string Value)[] environment, string[] arguments)
    {
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        ProcessStartInfo start = new(dotnet,
            ["exec", Path.Combine(AppContext.BaseDirectory, "GMem.Tool.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>
    /// What a process still wrote until it ended; one that does not end in time is killed, and the test fails. It does not end where the
    /// tests run with interrupts ignored, as <c>nohup</c> and a script's <c>&amp;</c> have it.
    /// </summary>
    private static async Task<(string Output, string Error)> EndOf(Process process)
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            Task<string> error = process.StandardError.ReadToEndAsync(patience.Token);
            string output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (output, await error);
        }
        finally
        {
            process.Kill();
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
