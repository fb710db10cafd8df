using System.Diagnostics;
using System.Runtime.InteropServices;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Tests.Persistence;

public class FreshProcessTests
{
    [Fact]
    public async Task ModelLoad_InAFreshProcess_GivesTheSameImages()
    {
        using TemporaryFolder folder = new();
        new MLContext().Model.Save(TinyTrainer.Model, TinyTrainer.Images.Schema, folder.File("model.zip"));

        string[] printed = await RunAsync(folder.File("model.zip"));

        Assert.Equal([nameof(GMemTransformer), .. Lines(TinyTrainer.Model)], printed);
    }

    [Fact]
    public async Task ModelLoad_OfAChainInAFreshProcess_GivesTheSameImages()
    {
        using TemporaryFolder folder = new();
        MLContext mlContext = new();
        ITransformer copy = mlContext.Transforms.CopyColumns("Noise", "Seed").Fit(Views.Of<PromptRow>());
        mlContext.Model.Save(new TransformerChain<ITransformer>(copy, TinyTrainer.Model), null, folder.File("model.zip"));

        string[] printed = await RunAsync(folder.File("model.zip"));

        Assert.Equal(["TransformerChain`1", .. Lines(TinyTrainer.Model)], printed);
    }

    /// <summary>What the program prints for the seeds 4 and 9.</summary>
    private static IEnumerable<string> Lines(GMemTransformer model)
    {
        IDataView images = model.Transform(Views.Of(new PromptRow { Seed = 4 }, new PromptRow { Seed = 9 }));
        return images.Values<long>("Seed").Zip(images.Values<long>("MemoryIndex"), images.Pixels())
            .Select(row => $"{row.First} {row.Second} {Convert.ToHexString(row.Third)}");
    }

    private static async Task<string[]> RunAsync(string model)
    {
        ProcessStartInfo start = new(Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet")))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in new[] { "exec", Path.Combine(AppContext.BaseDirectory, "GMem.MLNet.FreshProcess.dll"), model, "4",
            "9" })
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
}
