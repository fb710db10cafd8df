using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GMem.PackageTests;

/// <summary>Runs programs as a user would, without what the test runner has put into the environment.</summary>
internal static class Command
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static string Dotnet { get; } = Path.GetFullPath(
        Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    /// <returns>What it printed; it must have ended well.</returns>
    public static Task<string> Run(string folder, string program, params string[] arguments) => Run(folder, program, arguments, 0);

    /// <returns>What it printed; it must have ended with the code.</returns>
    public static async Task<string> Run(
        string folder, string program, string[] arguments, int expectedCode = 0, (string Name, string Value)[]? environment = null)
    {
        ProcessStartInfo start =
            new(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith(
            "MSBUILD", StringComparison.OrdinalIgnoreCase) || k.StartsWith("GMEM_", StringComparison.Ordinal)).ToArray())
        {
            _ = start.Environment.Remove(name);
        }

        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(Dotnet);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        foreach ((string name, string value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource late = new(Patience);
        await process.WaitForExitAsync(late.Token);
        string printed = await output + await error;
        Assert.True(process.ExitCode == expectedCode,
            $"{Path.GetFileName(program)} {string.Join(' ', arguments)} in {folder} ended with {process.ExitCode}:\n{printed}");
        return printed;
    }
}
