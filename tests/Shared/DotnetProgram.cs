using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GMem.Tests.Shared;

/// <summary>A program that has been built, in a process of its own.</summary>
public static class DotnetProgram
{
    /// <summary>The program <c>dotnet</c> that runs this process.</summary>
    public static string Host { get; } =
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    /// <param name="arguments">What <c>dotnet exec</c> is given: its options, the program, and the program's arguments.</param>
    /// <param name="environment">Variables that it gets beside those of the tests.</param>
    /// <returns>The lines that it printed; it must have ended well.</returns>
    public static async Task<string[]> RunAsync(IEnumerable<string> arguments, (string Name, string Value)[]? environment = null)
    {
        ProcessStartInfo start = new(Host)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in arguments.Prepend("exec"))
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
        string output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.True(process.ExitCode == 0, await errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
