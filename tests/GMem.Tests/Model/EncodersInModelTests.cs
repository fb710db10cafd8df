using GMem.Autoencoders;
using GMem.Encoders;
using GMem.Latents;
using GMem.Tests.Latents;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>A model with an autoencoder and an encoder of the user's.</summary>
public sealed class EncodersInModelTests
{
    [Fact]
    public void SaveThenLoad_LatentModel_SameImagesSnippetsAndStatistics()
    {
        using GMemModel model = Train(out KlAutoencoder autoencoder, out SnippetEncoder encoder);
        using (autoencoder)
        using (encoder)
        {
            MemoryArchive archive = new();
            model.Save(archive);
            Assert.Equal(
                ["autoencoder.safetensors", "encoder.safetensors", "memory.safetensors", "model.json", "network.safetensors"],
                archive.Entries.Keys.Order(StringComparer.Ordinal));
            using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
            Assert.Equal(TinyModel.Generate(model, new(1), new(2, 7)), TinyModel.Generate(loaded, new(1), new(2, 7)));
            Assert.Equal(model.Autoencoder.Statistics!.Mean, loaded.Autoencoder.Statistics!.Mean);
            Assert.Equal(64, ((KlAutoencoder)loaded.Autoencoder).TileSize);
            Assert.Equal("dinov2", loaded.Encoder!.Kind.Name);
            Assert.Equal(8, loaded.ImageShape);
        }
    }

    [Fact]
    public void Fit_ThenTheUserDisposesAndChangesTheirs_TheModelGoesOn()
    {
        using GMemModel model = Train(out KlAutoencoder autoencoder, out SnippetEncoder encoder);
        byte[][] before = TinyModel.Generate(model, new GenerationRequest(5));
        Assert.Null(autoencoder.Statistics);
        autoencoder.Statistics = LatentStatistics.FromScale(4, 100);
        autoencoder.Dispose();
        autoencoder.Dispose();
        encoder.Dispose();
        using TrainingImages images = TinyModel.Images(2);
        using torch.Tensor snippets = model.Encoder!.Encode(images.Pixels);
        Assert.Equal(before, TinyModel.Generate(model, new GenerationRequest(5)));
    }

    [Fact]
    public void Dispose_ModelAndEncoders_FreeEveryTensorInAnyOrder()
    {
        foreach (bool modelFirst in new[] { true, false, true, false })
        {
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            GMemModel model = Train(out KlAutoencoder autoencoder, out SnippetEncoder encoder);
            GMemModel second = model.WithSampling(model.Sampling);
            IDisposable[] all = [model, second, autoencoder, encoder];
            foreach (IDisposable one in modelFirst ? all : all.Reverse())
            {
                one.Dispose();
            }

            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    [Fact]
    public void Dispose_TheLastUser_FreesTheEncoderOnce()
    {
        using TrainingImages images = TinyModel.Images();
        CountingEncoder encoder = new(PcaEncoder.Fit(images.Pixels, 6));
        GMemOptions options = TinyModel.Options();
        options.Encoder = encoder;
        GMemModel model = GMemModel.Fit(images, options, torch.CPU);
        encoder.Dispose();
        Assert.False(encoder.IsFreed);
        model.Dispose();
        Assert.True(encoder.IsFreed);
    }

    [Fact]
    public void Fit_WithAndWithoutAWorkspace_SameModelAndNothingEncodedAgain()
    {
        using TemporaryFolder workspace = new();
        using TrainingImages images = TinyModel.Images();
        using PcaEncoder pca = PcaEncoder.Fit(images.Pixels, 6);
        byte[][]? expected = null;
        foreach ((string? folder, long encoded) in new[] { (null, 48L), (workspace.Path, 48L), (workspace.Path, 0L) })
        {
            CountingEncoder encoder = new(pca);
            CountingAutoencoder autoencoder = new();
            GMemOptions options = TinyModel.Options();
            (options.Encoder, options.Autoencoder, options.WorkspacePath, options.Training.HorizontalFlip) =
                (encoder, autoencoder, folder, true);
            using GMemModel model = GMemModel.Fit(images, options, torch.CPU);
            byte[][] actual = TinyModel.Generate(model, new(1), new(2, 3));
            Assert.Equal(encoded, encoder.Encoded);
            Assert.Equal(encoded, autoencoder.Encoded);
            Assert.Equal(expected ?? actual, actual);
            expected = actual;
        }
    }

    [Fact]
    public void Fit_PixelsWithAWorkspace_SameModelAsWithout()
    {
        using TemporaryFolder workspace = new();
        GMemOptions options = TinyModel.Options();
        options.Training.HorizontalFlip = true;
        using GMemModel without = TinyModel.Train(options);
        options.WorkspacePath = workspace.Path;
        using GMemModel with = TinyModel.Train(options);
        Assert.Equal(TinyModel.Generate(without, new(1), new(2, 3)), TinyModel.Generate(with, new(1), new(2, 3)));
        Assert.NotEmpty(Directory.EnumerateFiles(workspace.Path, "shard-*.safetensors", SearchOption.AllDirectories));
    }

    [Fact]
    public void Fit_KnownStatistics_AreTaken()
    {
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        autoencoder.Statistics = LatentStatistics.FromScale(4, 0.5);
        GMemOptions options = TinyModel.Options();
        options.Autoencoder = autoencoder;
        using GMemModel model = TinyModel.Train(options);
        Assert.Equal([2f, 2f, 2f, 2f], model.Autoencoder.Statistics!.StandardDeviation);
    }

    [Fact]
    public void Fit_ImageSizeThatTheLatentsDoNotDivide_IsRefused()
    {
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        GMemOptions options = TinyModel.Options();
        options.Autoencoder = autoencoder;
        using TrainingImages images = TinyModel.Images(size: 10);
        ArgumentException error = Assert.Throws<ArgumentException>(() => GMemModel.Fit(images, options, torch.CPU));
        Assert.Contains("not divisible by the patch of 4 pixels (2 latent cells of 2 pixels)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAnAutoencoderThatIsNotKnown_SaysWhich()
    {
        GMemOptions options = TinyModel.Options();
        options.Autoencoder = new CountingAutoencoder();
        using GMemModel model = TinyModel.Train(options);
        MemoryArchive archive = new();
        model.Save(archive);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU));
        Assert.StartsWith(
            "The model's ImageAutoencoder is of the kind 'counting', which is not registered. Before loading, call ModelParts.Register(new "
            + "PartKind(\"counting\"), saved => ...)", error.Message, StringComparison.Ordinal);
    }

    private static GMemModel Train(out KlAutoencoder autoencoder, out SnippetEncoder encoder)
    {
        autoencoder = TinyEncoders.Kl();
        autoencoder.TileSize = 64;
        encoder = TinyEncoders.DinoV2();
        GMemOptions options = TinyModel.Options(steps: 3);
        options.Autoencoder = autoencoder;
        options.Encoder = encoder;
        return TinyModel.Train(options);
    }
}
