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

        string[] printed = await FreshProcess.RunAsync(folder.File("model.zip"), "4", "9");

        Assert.Equal([nameof(GMemTransformer), .. Lines(TinyTrainer.Model)], printed);
    }

    [Fact]
    public async Task ModelLoad_OfAChainInAFreshProcess_GivesTheSameImages()
    {
        using TemporaryFolder folder = new();
        MLContext mlContext = new();
        ITransformer copy = mlContext.Transforms.CopyColumns("Noise", "Seed").Fit(Views.Of<PromptRow>());
        mlContext.Model.Save(new TransformerChain<ITransformer>(copy, TinyTrainer.Model), null, folder.File("model.zip"));

        string[] printed = await FreshProcess.RunAsync(folder.File("model.zip"), "4", "9");

        Assert.Equal(["TransformerChain`1", .. Lines(TinyTrainer.Model)], printed);
    }

    /// <summary>What the program prints for the seeds 4 and 9.</summary>
    private static IEnumerable<string> Lines(GMemTransformer model)
    {
        IDataView images = model.Transform(Views.Of(new PromptRow { Seed = 4 }, new PromptRow { Seed = 9 }));
        return images.Values<long>("Seed").Zip(images.Values<long>("MemoryIndex"), images.Pixels())
            .Select(row => $"{row.First} {row.Second} 1.0000 {Convert.ToHexString(row.Third)}");
    }
}
