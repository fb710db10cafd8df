using GMem.Encoders;
using GMem.Images;
using GMem.Latents;
using GMem.MLNet;
using GMem.OutsideProject;
using GMem.Tests.Shared;
using GMem.Training;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;

namespace GMem.OutsideTests;

/// <summary>An encoder and an autoencoder written in a user's project do all that built-in ones do. Nothing here sees the library's
/// internals.</summary>
public sealed class OutsidePartsTests
{
    [Fact]
    public async Task Load_InAFreshProcessThatRegisteredTheParts_GivesTheSameImages()
    {
        using TemporaryFolder folder = new();
        using MixingAutoencoder autoencoder = MixingAutoencoder.Create(seed: 5);
        using GMemTransformer model = OutsideModel.Train(autoencoder);
        string[] expected = Pictures.Of(model.Model, 4, 9);
        model.Save(folder.File("mlnet.zip"));
        model.Model.Save(folder.File("alone.zip"));

        Assert.Equal(expected, await RunAsync(folder.File("mlnet.zip"), "register"));
        Assert.Equal(expected, await RunAsync(folder.File("alone.zip"), "register"));

        // ML.NET's zip can be read without ML.NET.
        using GMemModel loaded = GMemModel.Load(folder.File("mlnet.zip"));
        Assert.Equal(expected, Pictures.Of(loaded, 4, 9));
        Assert.IsType<ColourGridEncoder>(loaded.Encoder);
        Assert.Equal(model.Model.Autoencoder.Fingerprint(), loaded.Autoencoder.Fingerprint());
        Assert.Equal(model.Model.Autoencoder.Statistics!.Mean, loaded.Autoencoder.Statistics!.Mean);
    }

    [Fact]
    public async Task Load_InAProcessThatDidNotRegisterThem_SaysWhatToCall()
    {
        using TemporaryFolder folder = new();
        using MixingAutoencoder autoencoder = MixingAutoencoder.Create(seed: 5);
        using GMemTransformer model = OutsideModel.Train(autoencoder);
        model.Save(folder.File("model.zip"));

        string error = Assert.Single(await RunAsync(folder.File("model.zip")));

        Assert.Contains(folder.File("model.zip"), error, StringComparison.Ordinal);
        Assert.Contains("the kind 'colour-grid', which is not registered", error, StringComparison.Ordinal);
        Assert.Contains("ModelParts.Register(new PartKind(\"colour-grid\"), saved => ...)", error, StringComparison.Ordinal);
    }

    [Fact]
    public void PromptImage_UsesTheEncoderOfTheModel()
    {
        using TemporaryFolder folder = new();
        using MixingAutoencoder autoencoder = MixingAutoencoder.Create(seed: 5);

        // After a few steps no snippet makes a difference yet that is a level of a pixel.
        using GMemTransformer model = OutsideModel.Train(autoencoder, steps: 60);
        RgbImage image = OutsideModel.Images(30)[27];
        PngWriter.Write(folder.File("prompt.png"), image);
        using torch.Tensor snippet = model.Model.Encode(image);
        PromptRow[] prompts =
        [
            new() { Seed = 3, PromptImage = folder.File("prompt.png") },
            new() { Seed = 3, Snippet = [.. snippet.data<float>()] },
            new() { Seed = 3, MemoryIndex = 2 },
        ];

        byte[][] images = Generate(model, prompts);

        Assert.Equal(images[1], images[0]);
        Assert.NotEqual(images[2], images[0]);
    }

    [Fact]
    public void Fit_InAWorkspace_ContinuesWithTheSamePartsAndRefusesOthersByName()
    {
        using TemporaryFolder folder = new();
        using MixingAutoencoder autoencoder = MixingAutoencoder.Create(seed: 5), other = MixingAutoencoder.Create(seed: 6);
        using GMemTransformer whole = OutsideModel.Train(autoencoder, steps: 6);
        OutsideModel.Train(autoencoder, workspace: folder.Path, steps: 3).Dispose();

        using GMemTransformer continued = OutsideModel.Train(autoencoder, workspace: folder.Path, steps: 6);

        Assert.Equal(Pictures.Of(whole.Model, 4, 9), Pictures.Of(continued.Model, 4, 9));
        string error = Assert.Throws<ArgumentException>(
            () => OutsideModel.Train(autoencoder, new ColourGridTrainer { Seed = 2 }, folder.Path, steps: 6)).Message;
        Assert.Contains("Encoder was 'colour-grid' version 2 {\"grid\":4}", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Autoencoder was", error, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => OutsideModel.Train(other, workspace: folder.Path, steps: 6)).Message;
        Assert.Contains("Autoencoder was 'mixing' version 1 {}", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_WithTheSameParts_FindsTheCacheAndWithOtherWeightsDoesNot()
    {
        using TemporaryFolder folder = new();
        using MixingAutoencoder first = MixingAutoencoder.Create(seed: 5), same = MixingAutoencoder.Create(seed: 5);
        using MixingAutoencoder other = MixingAutoencoder.Create(seed: 6);
        Assert.Equal((24, 0), Encode(first, new ColourGridTrainer()));
        Assert.Equal((0, 24), Encode(same, new ColourGridTrainer()));
        Assert.Equal((24, 0), Encode(other, new ColourGridTrainer()));
        Assert.Equal((24, 0), Encode(first, new ColourGridTrainer { Seed = 2 }));
        Assert.Equal((0, 24), Encode(first, new ColourGridTrainer()));

        (long Encoded, long Found) Encode(MixingAutoencoder autoencoder, SnippetEncoderTrainer trainer)
        {
            using TrainingImages images = OutsideModel.TrainingImages();
            GMemOptions options = OutsideModel.Options(autoencoder, trainer, steps: 1);
            LastProgress progress = new();
            (options.WorkspacePath, options.EncodingProgress) = (folder.Path, progress);
            try
            {
                GMemModel.Fit(images, options, torch.CPU).Dispose();
            }
            catch (ArgumentException e) when (e.Message.Contains("would not be the same run", StringComparison.Ordinal))
            {
                // The run in this workspace is another one; the cache is shared by all.
            }

            return (progress.Value.Encoded, progress.Value.Found);
        }
    }

    [Fact]
    public void Dispose_OfTheUsersParts_WhileTheModelLives_FreesThemWithTheModel()
    {
        MixingAutoencoder autoencoder = MixingAutoencoder.Create(seed: 5);
        ColourGridEncoder encoder = (ColourGridEncoder)Fitted(new ColourGridTrainer());
        using TrainingImages images = OutsideModel.TrainingImages();
        GMemOptions options = OutsideModel.Options(autoencoder);
        options.Encoder = encoder;
        GMemModel model = GMemModel.Fit(images, options, torch.CPU);
        string[] expected = Pictures.Of(model, 4);

        Assert.Null(autoencoder.Statistics);
        Assert.Equal(12, model.Autoencoder.Statistics!.Mean.Count);
        Assert.Equal(autoencoder.Fingerprint(), model.Autoencoder.Fingerprint());
        autoencoder.Dispose();
        encoder.Dispose();
        Assert.Equal((false, false), (autoencoder.IsFreed, encoder.IsFreed));
        Assert.Equal(expected, Pictures.Of(model, 4));
        using GMemModel second = model.WithSampling(model.Sampling);
        model.Dispose();
        Assert.Equal(expected, Pictures.Of(second, 4));
        second.Dispose();
        Assert.Equal((true, true), (autoencoder.IsFreed, encoder.IsFreed));
        Assert.Throws<ObjectDisposedException>(() => GMemModel.Fit(images, options, torch.CPU));
    }

    [Fact]
    public void Model_DisposedDuringAnOperation_FinishesOrThrows() => DisposeRace.Run(
        () =>
        {
            using MixingAutoencoder autoencoder = MixingAutoencoder.Create(seed: 5);
            using SnippetEncoder encoder = Fitted(new ColourGridTrainer());
            using TrainingImages images = OutsideModel.TrainingImages();
            GMemOptions options = OutsideModel.Options(autoencoder, steps: 1);
            options.Encoder = encoder;
            return GMemModel.Fit(images, options, torch.CPU);
        },
        model => string.Join(" ", Pictures.Of(model, 2)) + model.NearestCosines([new(1, PromptImage: OutsideModel.Images(1)[0])])[0]);

    [Fact]
    public void Parts_DisposedDuringACall_FinishOrThrow()
    {
        using torch.Tensor image = ImageTensors.ToTensor(OutsideModel.Images(1));
        DisposeRace.Run(() => Fitted(new ColourGridTrainer()), encoder =>
        {
            using torch.Tensor snippet = encoder.Encode(image);
            return string.Join(" ", snippet.data<float>());
        });
        DisposeRace.Run(() => MixingAutoencoder.Create(seed: 5), autoencoder =>
        {
            using torch.Tensor latents = autoencoder.EncodeRaw(image).Mean;
            using torch.Tensor decoded = autoencoder.DecodeRaw(latents);
            return string.Join(" ", decoded.data<byte>());
        });
    }

    /// <summary>Both threads must meet in the encoder: one thread alone would wait in vain.</summary>
    [Fact]
    public void Fit_WithAThreadSafeEncoder_EncodesOnSeveralThreadsToTheSameSnippets()
    {
        int threads = torch.get_num_threads();
        torch.set_num_threads(2);
        try
        {
            using Barrier barrier = new(2);
            List<bool> met = [];
            using ColourGridEncoder shared = (ColourGridEncoder)Fitted(new ColourGridTrainer());
            using ColourGridEncoder alone = (ColourGridEncoder)Fitted(new ColourGridTrainer { IsThreadSafe = false });
            shared.Encoding = () =>
            {
                bool both = barrier.SignalAndWait(TimeSpan.FromSeconds(60));
                lock (met)
                {
                    met.Add(both);
                }
            };
            int calls = 0;
            alone.Encoding = () => calls++;
            Assert.Equal(Snippets(alone), Snippets(shared));
            Assert.Equal([true, true], met);
            Assert.Equal(1, calls);
        }
        finally
        {
            torch.set_num_threads(threads);
        }

        static float[] Snippets(SnippetEncoder encoder)
        {
            // Two pieces of 32 images.
            using TrainingImages images = OutsideModel.TrainingImages(64);
            GMemOptions options = OutsideModel.Options(steps: 1);
            options.Encoder = encoder;
            using GMemModel model = GMemModel.Fit(images, options, torch.CPU);
            using torch.Tensor rows = model.Memory.Rows([.. Enumerable.Range(0, 64).Select(i => (long)i)]);
            return rows.data<float>().ToArray();
        }
    }

    [Fact]
    public void Fit_WithProjectionLoss_TakesThePatchTokensOfTheEncoder()
    {
        using TrainingImages images = OutsideModel.TrainingImages();
        using MixingAutoencoder autoencoder = MixingAutoencoder.Create(seed: 5);
        GMemOptions options = OutsideModel.Options(autoencoder);
        options.Network = options.Network with { ProjectionSize = 3, ProjectorDepth = 2 };
        using GMemModel with = GMemModel.Fit(images, options, torch.CPU);
        options.Network = options.Network with { ProjectionSize = 4 };
        string error = Assert.Throws<ArgumentException>(() => GMemModel.Fit(images, options, torch.CPU)).Message;
        Assert.Contains("the encoder's patch tokens have 3 entries", error, StringComparison.Ordinal);
        Assert.Equal(3, with.Network.ProjectionSize);
    }

    [Fact]
    public void Autoencoder_EncodeAndDecode_AreInverseWithAndWithoutStatistics()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using MixingAutoencoder autoencoder = MixingAutoencoder.Create(seed: 5);
        torch.Tensor images = ImageTensors.ToTensor(OutsideModel.Images());
        torch.Tensor raw = autoencoder.Encode(images);
        Assert.True(autoencoder.Decode(raw).equal(images).all().item<bool>());
        using Autoencoders.ImageAutoencoder normalising = autoencoder.WithStatistics(autoencoder.ComputeStatistics([images]));
        torch.Tensor normal = normalising.Encode(images);
        Assert.All(normal.mean([0, 2, 3]).data<float>().ToArray(), mean => Assert.Equal(0, mean, 1e-4));
        Assert.All(normal.std([0, 2, 3], unbiased: false).data<float>().ToArray(), deviation => Assert.Equal(1, deviation, 1e-4));
        Assert.True(normalising.Decode(normal).equal(images).all().item<bool>());
        Assert.True(autoencoder.Encode(images).equal(raw).all().item<bool>());
    }

    private static SnippetEncoder Fitted(SnippetEncoderTrainer trainer)
    {
        using torch.Tensor images = ImageTensors.ToTensor(OutsideModel.Images());
        return trainer.Fit(new ImageRows(images), TestContext.Current.CancellationToken);
    }

    private static byte[][] Generate(GMemTransformer model, PromptRow[] prompts)
    {
        IDataView images = model.Transform(new MLContext().Data.LoadFromEnumerable(prompts));
        List<byte[]> pixels = [];
        foreach (MLImage image in images.GetColumn<MLImage>(images.Schema["GeneratedImage"]))
        {
            pixels.Add(image.Pixels.ToArray());
            image.Dispose();
        }

        return [.. pixels];
    }

    private static Task<string[]> RunAsync(params string[] arguments) =>
        DotnetProgram.RunAsync([Path.Combine(AppContext.BaseDirectory, "GMem.OutsideProject.dll"), .. arguments]);

    private sealed class LastProgress : IProgress<EncodingProgress>
    {
        public EncodingProgress Value { get; private set; }

        public void Report(EncodingProgress value) => Value = value.Phase == EncodingPhase.Images ? value : Value;
    }
}
