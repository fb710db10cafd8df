using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using TorchSharp;

namespace GMem.MLNet.Tests;

/// <summary>The trainer with networks of the user's, without snippets, and models from elsewhere in a pipeline.</summary>
public sealed class LatentTrainerTests
{
    [Fact]
    public void Fit_WithAutoencoderAndEncoder_SavesAndLoadsInAPipeline()
    {
        using TemporaryFolder folder = new();
        MLContext ml = new(seed: 1);
        GMemTrainer.Options options = TinyTrainer.Options();
        KlAutoencoder autoencoder = TinyEncoders.Kl();
        SnippetEncoder encoder = TinyEncoders.DinoV2();
        (options.Autoencoder, options.Encoder, options.WorkspacePath) = (autoencoder, encoder, folder.File("workspace"));
        using GMemTransformer model = TinyTrainer.Fit(ml, options);
        autoencoder.Dispose();
        encoder.Dispose();
        IDataView prompts = ml.ImageGeneration.CreatePrompts(3, seed: 5);
        List<byte[]> expected = model.Transform(prompts).Pixels();
        ml.Model.Save(model, prompts.Schema, folder.File("model.zip"));
        ITransformer loaded = ml.Model.Load(folder.File("model.zip"), out _);
        using IDisposable owned = (IDisposable)loaded;
        Assert.Equal(expected, loaded.Transform(prompts).Pixels());
    }

    [Fact]
    public void Fit_OnLabels_GeneratesByThePromptsLabel()
    {
        LabelRow[] rows = [.. TinyTrainer.Rows.Select((r, i) => new LabelRow { Bytes = r.Bytes, Label = i % 2 == 0 ? "even" : "odd" })];
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Network = options.Network with { Conditions = [new LabelCondition()] };
        MLContext ml = new(seed: 1);
        using GMemTransformer model = ml.ImageGeneration.Trainers.GMem(options).Fit(ml.Data.LoadFromEnumerable(rows));
        IDataView prompts = ml.Data.LoadFromEnumerable(
            [new LabelPrompt { Seed = 1, PromptLabel = "odd" }, new LabelPrompt { Seed = 1, PromptLabel = "even" }]);
        IDataView images = model.Transform(prompts);
        Assert.Equal(["odd", "even"], images.Values<ReadOnlyMemory<char>>("MemoryLabel").Select(l => l.ToString()));
        Assert.Equal([-1L, -1L], images.Values<long>("MemoryIndex"));
    }

    [Fact]
    public void FromModel_AModelMadeWithoutMLNet_SavesIntoAModelZip()
    {
        using TemporaryFolder folder = new();
        MLContext ml = new(seed: 1);
        GMemModel trained = TinyModel.Train();
        trained.ExportCheckpoint(folder.File("network.safetensors"));
        using GMemModel official = GMemModel.FromCheckpoint(
            folder.File("network.safetensors"), trained.Memory, new CheckpointOptions { HeadCount = 2, Sampling = trained.Sampling });
        trained.Dispose();
        GMemTransformer transformer = ml.ImageGeneration.FromModel(official, new GenerationOptions { BatchSize = 2 }, firstSeed: 9);
        transformer.Save(folder.File("model.zip"));
        transformer.Dispose();
        using GMemTransformer loaded = GMemTransformer.Load(folder.File("model.zip"), ml);
        IReadOnlyList<GeneratedImage> expected = official.Generate([new(9)]), actual = loaded.Model.Generate([new(9)]);
        Assert.Equal(expected.Pixels.bytes.ToArray(), actual.Pixels.bytes.ToArray());
        Assert.Equal(2, loaded.Generation.BatchSize);
    }

    [Fact]
    public void Fit_FromAnInitialModel_TakesANewBank()
    {
        using GMemTransformer first = TinyTrainer.Fit();
        GMemTrainer.Options options = TinyTrainer.Options();
        options.InitialModel = first.Model;
        MLContext ml = new(seed: 2);
        using GMemTransformer second = ml.ImageGeneration.Trainers.GMem(options).Fit(Views.Of([.. TinyTrainer.Rows.Take(10)]));
        Assert.Equal(10, second.Memory.Count);
        Assert.Equal(24, first.Memory.Count);
    }

    [Fact]
    public void Validate_ImageSizeThatTheLatentsDoNotDivide_SaysSo()
    {
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        GMemTrainer.Options options = TinyTrainer.Options();
        (options.Autoencoder, options.ImageSize, options.BadImages) = (autoencoder, 10, (BadImageHandling)7);
        ArgumentException error = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Contains(
            "ImageSize is 10, which is not divisible by Network.PatchSize 2 latent cells of 2 pixels", error.Message,
            StringComparison.Ordinal);
        Assert.Contains("BadImages is 7, it must be Skip or Throw.", error.Message, StringComparison.Ordinal);
    }

    private sealed class LabelRow
    {
        public byte[] Bytes { get; set; } = [];

        public string Label { get; set; } = "";
    }

    private sealed class LabelPrompt
    {
        public long Seed { get; set; }

        public string PromptLabel { get; set; } = "";
    }
}
