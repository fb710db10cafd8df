namespace GMem.Tests.Shared;

/// <summary>The program GMem.MLNet.FreshProcess, which loads a model and generates from it, in a process of its own.</summary>
public static class FreshProcess
{
    /// <param name="model">The model.zip.</param>
    /// <param name="prompts">What the program says of its arguments.</param>
    /// <returns>The lines that it printed; it must have ended well.</returns>
    public static Task<string[]> RunAsync(string model, params IEnumerable<string> prompts)
    {
        // With what is beside the tests: that is how a program finds the packages that its project names.
        string name = typeof(FreshProcess).Assembly.GetName().Name!;
        return DotnetProgram.RunAsync(
            [
                "--depsfile", InOutput($"{name}.deps.json"), "--runtimeconfig", InOutput($"{name}.runtimeconfig.json"),
                InOutput("GMem.MLNet.FreshProcess.dll"), model, .. prompts,
            ],

            // One thread, as in the tests: on CPU the bits of an image may depend on the number of threads.
            environment: [("OMP_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")]);
    }

    private static string InOutput(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
