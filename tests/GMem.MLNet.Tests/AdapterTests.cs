using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using GMem.Training;
using Microsoft.ML;

namespace GMem.MLNet.Tests;

/// <summary>Adapters by ML.NET's trainer, in its model.zip, and on a transformer.</summary>
public sealed class AdapterTests
{
    [Fact]
    public void Fit_AnAdapter_SurvivesModelZipAndComesOffAgain()
    {
        using TemporaryFolder folder = new();
        MLContext ml = new(seed: 1) { FallbackToCpu = true };
        using GMemTransformer first = TinyTrainer.Fit(ml);
        GMemTrainer.Options options = TinyTrainer.Options();
        options.InitialModel = first.Model;
        options.Training.Adapter = new LowRankAdapterOptions { Rank = 4 };
        options.Training.LearningRate = 1e-2;
        using GMemTransformer tuned = TinyTrainer.Fit(ml, options), weaker = tuned.WithAdapter(tuned.Model.Adapter!, 0.5);
        ml.Model.Save(weaker, TinyTrainer.Images.Schema, folder.File("model.zip"));
        using GMemTransformer loaded = (GMemTransformer)ml.Model.Load(folder.File("model.zip"), out _);
        Assert.Equal(0.5, loaded.Model.AdapterStrength);
        Assert.Equal(Pixels(weaker), Pixels(loaded));
        Assert.NotEqual(Pixels(tuned), Pixels(loaded));

        using GMemTransformer removed = loaded.WithoutAdapter();
        Assert.Null(removed.Model.Adapter);
        using GMemTransformer same = first.WithMemory(tuned.Memory);
        Assert.Equal(Pixels(same), Pixels(removed));
    }

    [Fact]
    public void Validate_AnAdapterWithoutAModel_IsRefusedByName()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Training.Adapter = new LowRankAdapterOptions();
        Assert.Contains(
            "InitialModel is null, it must be set with Training.Adapter", Assert.Throws<ArgumentException>(options.Validate).Message,
            StringComparison.Ordinal);
    }

    private static byte[] Pixels(GMemTransformer model) => model.Model.Generate([new(1)]).Pixels.bytes.ToArray();
}
