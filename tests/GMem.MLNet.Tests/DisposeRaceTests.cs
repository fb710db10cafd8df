using System.Globalization;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Tests;

/// <summary>What a pipeline does with a transformer while another thread disposes of it.</summary>
public sealed class DisposeRaceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public DisposeRaceTests()
    {
        _model = _folder.File("model.zip");
        TinyTrainer.Model.Save(_model);
    }

    public static TheoryData<string> Operations => [.. OnTransformers.Keys];

    private static Dictionary<string, Func<GMemTransformer, string>> OnTransformers => new()
    {
        ["Transform"] = transformer => Text(transformer.Transform(Views.Of(TinyTrainer.Prompts())).Pixels()),
        ["MemoryCosine"] = transformer => string.Join(
            " ", transformer.Transform(Views.Of(TinyTrainer.Prompts())).Values<float>("MemoryCosine")
                .Select(c => c.ToString(CultureInfo.InvariantCulture))),
        ["Save"] = transformer =>
        {
            using TemporaryFolder folder = new();
            transformer.Save(folder.File("model.zip"));
            using GMemTransformer again = GMemTransformer.Load(folder.File("model.zip"), Views.MLContext);
            return Text(again.Transform(Views.Of(new PromptRow { Seed = 1 })).Pixels());
        },
        ["With"] = transformer =>
        {
            using GMemTransformer other = transformer.WithGeneration(new GenerationOptions { BatchSize = 1 });
            using GMemTransformer third = other.WithMemory(transformer.Memory.KeepRandom(4, seed: 1));
            return Text(third.Transform(Views.Of(new PromptRow { Seed = 1 })).Pixels());
        },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Operations))]
    public void Transformer_DisposedDuringAnOperation_FinishesOrThrows(string operation) =>
        DisposeRace.Run(() => GMemTransformer.Load(_model, Views.MLContext), OnTransformers[operation]);

    [Fact]
    public void PredictionEngine_TransformerDisposedMeanwhile_FinishesOrThrows() => DisposeRace.Run(
        () => new Engine(_model), engine => Text(engine.Predict()), threads: 1);

    private static string Text(List<byte[]> images) => string.Join(" ", images.Select(Convert.ToHexString));

    /// <summary>An engine that owns its transformer, as <c>CreatePredictionEngine</c> makes it by default.</summary>
    private sealed class Engine(string path) : IDisposable
    {
        private readonly PredictionEngine<PromptRow, GeneratedImageRow> _engine =
            Views.MLContext.Model.CreatePredictionEngine<PromptRow, GeneratedImageRow>(GMemTransformer.Load(path, Views.MLContext));

        public List<byte[]> Predict()
        {
            using MLImage image = _engine.Predict(new PromptRow { Seed = 1 }).GeneratedImage!;
            return [image.Pixels.ToArray()];
        }

        public void Dispose() => _engine.Dispose();
    }
}
