using System.Diagnostics;

namespace GMem.Tests.Shared;

/// <summary>What .NET cannot do itself: names of bytes that are not UTF-8, pipes.</summary>
internal static class Shell
{
    /// <summary>Runs a script in a folder; skips the test where there is no shell, and fails it where the script fails.</summary>
    public static void Run(string folder, string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs /bin/sh");
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-e", "-c", script]) { WorkingDirectory = folder })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
