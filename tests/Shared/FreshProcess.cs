using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GMem.Tests.Shared;

/// <summary>The program GMem.MLNet.FreshProcess, which loads a model and generates from it, in a process of its own.</summary>
public static class FreshProcess
{
    /// <param name="model">The model.zip.</param>
    /// <param name="prompts">What the program says of its arguments.</param>
    /// <returns>The lines that it printed; it must have ended well.</returns>
    public static async Task<string[]> RunAsync(string model, params IEnumerable<string> prompts)
    {
        ProcessStartInfo start = new(Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet")))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // With what is beside the tests: that is how a program finds the packages that its project names.
        string name = typeof(FreshProcess).Assembly.GetName().Name!;
        string[] arguments =
        [
            "exec", "--depsfile", InOutput($"{name}.deps.json"), "--runtimeconfig", InOutput($"{name}.runtimeconfig.json"),
            InOutput("GMem.MLNet.FreshProcess.dll"), model, .. prompts,
        ];
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // One thread, as in the tests: on CPU the bits of an image may depend on the number of threads.
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["MKL_NUM_THREADS"] = "1";
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
        string output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.True(process.ExitCode == 0, await errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private static string InOutput(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
