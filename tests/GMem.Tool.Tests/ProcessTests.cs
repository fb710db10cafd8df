using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace GMem.Tool.Tests;

/// <summary>What only a process of its own can show: signals, and a libtorch that is not there.</summary>
public sealed class ProcessTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    private const int Hangup = 1;
    private const int Interrupt = 2;
    private const int Terminate = 15;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    [InlineData(Hangup)]
    public async Task Train_ToldToEnd_KeepsWhatWasLearntAndSaysSo(int signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent by kill(2)");
        Assert.SkipWhen(IsIgnored(signal), $"signal {signal} is ignored here, as nohup has it, and children inherit that");
        string output = files.File($"signal-{signal}.zip");
        using Process process = Start([], ["train", files.Images, "--output", output, .. TinyFiles.SettingsWith(steps: 100_000_000)]);
        await FirstStep(process);

        Assert.Equal(0, Kill(process.Id, signal));
        (string rest, string error) = await EndOf(process);

        // What was learnt is kept, and can be used.
        Assert.Equal((int)ExitCode.Cancelled, process.ExitCode);
        Assert.Matches("stopped +true", rest);
        Assert.Equal("", error);
        _ = ToolRun.Done("generate", output, "--count", "1", "--output", files.File("interrupted"));
    }

    [Fact]
    public async Task Train_OutputClosedAndFolderGone_KeepsTheModelElsewhere()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent by kill(2)");
        string folder = files.File("gone");
        using Process process = Start(
            [("HOME", files.Path)],
            ["train", files.Images, "--output", Path.Combine(folder, "model.zip"), "--workspace", files.File("kept"),
                .. TinyFiles.SettingsWith(steps: 100_000_000)]);
        await FirstStep(process);

        // Nobody reads what it writes any more, and where the model should go there is nothing.
        process.StandardOutput.Close();
        Directory.Delete(folder, recursive: true);
        Assert.Equal(0, Kill(process.Id, Terminate));
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((int)ExitCode.Fault, process.ExitCode);
        Match said = Regex.Match(error, "It was saved as '(.*)' instead");
        Assert.True(said.Success, error);
        string kept = Assert.Single(Directory.GetFiles(files.File("kept"), "model-*.zip"));
        Assert.Equal(kept, said.Groups[1].Value);
        _ = ToolRun.Done("generate", kept, "--count", "1", "--output", files.File("kept-samples"));
    }

    [Fact]
    public async Task Train_LogOnAFullDisk_SavesTheModel()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        string output = files.File("full.zip");
        string[] arguments = ["train", files.Images, "--output", output, .. TinyFiles.SettingsWith(steps: 4)];
        ProcessStartInfo start = new(
            "/bin/sh", ["-c", "exec \"$0\" \"$@\" > /dev/full 2> /dev/full", .. Command(arguments)]);
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((int)ExitCode.Fault, process.ExitCode);
        _ = ToolRun.Done("generate", output, "--count", "1", "--output", files.File("full-samples"));
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

    /// <summary>Whether this process ignores a signal, as the system has it.</summary>
    private static bool IsIgnored(int signal)
    {
        const string Name = "SigIgn:";
        string? mask = File.Exists("/proc/self/status")
            ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal))
            : null;
        return mask is not null
            && (long.Parse(mask[Name.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (signal - 1) & 1) != 0;
    }

    private static async Task FirstStep(Process process)
    {
        while (await process.StandardOutput.ReadLineAsync() is var line && line?.StartsWith("step ", StringComparison.Ordinal) != true)
        {
            Assert.NotNull(line);
        }
    }

    private static string[] Command(string[] arguments) =>
    [
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet")), "exec",
        Path.Combine(AppContext.BaseDirectory, "GMem.Tool.dll"), .. arguments,
    ];

    private static Process Start((string Name, string Value)[] environment, string[] arguments)
    {
        string[] command = Command(arguments);
        ProcessStartInfo start = new(command[0], command[1..])
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
