using GMem.Autoencoders;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Latents;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Latents;

public sealed class LatentDataSetTests
{
    [Fact]
    public void Fit_TheOfficialLayout_WithABankOrWithLabels()
    {
        using TemporaryFolder folder = new();
        Write(folder, "latents_rank00_shard000", 7, 1);
        Write(folder, "latents_rank00_shard001", 9, 2);
        using LatentDataSet latents = LatentDataSet.Open(folder.Path);
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        GMemOptions options = Options(autoencoder);
        options.Training.HorizontalFlip = true;

        using GMemModel withBank = GMemModel.Fit(latents, options, torch.CPU, Bank(16), Bank(16));
        options.Network = options.Network with { Conditions = [new LabelCondition()] };
        using GMemModel withLabels = GMemModel.Fit(latents, options, torch.CPU);

        Assert.True(latents is { Count: 16, Channels: 4, Height: 4, Width: 4, HasMirrorImages: true, HasLabels: true, HasSnippets: false });
        Assert.Equal(8, withBank.ImageShape);
        Assert.Equal(16, withBank.Memory.Count);
        Assert.Equal(["0", "1", "2"], withLabels.ClassNames);
        IReadOnlyList<GeneratedImage> images = withLabels.Generate([new(1, PromptLabel: "2"), new(1)]);
        Assert.Equal([2, 3, 8, 8], images.Pixels.shape);
        Assert.Equal("2", images[0].Label);

        // Nothing but the number of channels is known of latents without statistics: they are measured.
        LatentStatistics statistics = withBank.Autoencoder.Statistics!;
        Assert.All(statistics.Mean, m => Assert.Equal(3, m, 1.0));
        Assert.Null(autoencoder.Statistics);
    }

    [Fact]
    public void Open_StatisticsBesideTheShards_AreUsed()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        Write(folder, "latents_rank00_shard000", 8, 1);
        SafetensorsWriter.Write(folder.File(
            "latents_stats.safetensors"), [new("mean", torch.ones(1, 4, 1, 1)), new("std", TensorNumbers.Full([1, 4, 1, 1], 2))]);
        using LatentDataSet latents = LatentDataSet.Open(folder.Path);
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        using GMemModel model = GMemModel.Fit(latents, Options(autoencoder), torch.CPU, Bank(8));
        Assert.Equal([2f, 2f, 2f, 2f], model.Autoencoder.Statistics!.StandardDeviation);
    }

    [Fact]
    public void Fit_TheCacheOfAnEarlierRun_NeedsNoImages()
    {
        using TemporaryFolder workspace = new();
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        using GMem.Encoders.SnippetEncoder encoder = TinyEncoders.DinoV2();
        GMemOptions options = Options(autoencoder);
        options.WorkspacePath = workspace.Path;
        options.Encoder = encoder;
        using GMemModel fromImages = TinyModel.Train(options);
        string cache = Path.GetDirectoryName(
            Directory.EnumerateFiles(Path.Combine(workspace.Path, "latents"), "*.safetensors", SearchOption.AllDirectories).First())!;
        using LatentDataSet latents = LatentDataSet.Open(cache);
        using GMemModel fromCache = GMemModel.Fit(latents, options, torch.CPU);
        Assert.True(latents.HasSnippets);
        Assert.Equal(TinyModel.Generate(fromImages, new GenerationRequest(3)), TinyModel.Generate(fromCache, new GenerationRequest(3)));
    }

    [Fact]
    public void Fit_WhatDoesNotFit_IsNamed()
    {
        using TemporaryFolder folder = new();
        Write(folder, "a", 8, 1);
        using LatentDataSet latents = LatentDataSet.Open(folder.Path);
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        Check(_ => { }, null, "holds no 'snippets'; give a bank whose entry i is the snippet of image i");
        Check(_ => { }, Bank(9), "The bank has 9 entries, but");
        Check(o => o.Autoencoder = null, Bank(8), "holds latents of 4 channels; set Autoencoder");
        Check(
            o => o.Network = o.Network with { PatchSize = 3 },
            Bank(8),
            "The latents have 4 cells a side, which is not divisible by Network.PatchSize 3");
        Check(o => o.Training.BatchSize = 9, Bank(8), "There are 8 images, fewer than one batch of 9");
        Check(o => o.Network = o.Network with { ProjectionSize = 5 }, Bank(8), "needs patch tokens, but");
        Check(o => o.Training.HorizontalFlip = true, Bank(8), "holds no 'snippets_flip'");

        void Check(Action<GMemOptions> change, MemoryBank? bank, string part)
        {
            GMemOptions options = Options(autoencoder);
            change(options);
            Assert.Contains(part, Assert.ThrowsAny<ArgumentException>(
                () => GMemModel.Fit(latents, options, torch.CPU, bank)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Open_WrongFolders_SayWhatIsWrong()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        Assert.Throws<DirectoryNotFoundException>(() => LatentDataSet.Open(folder.File("nowhere")));
        Check("there is no .safetensors file in it");
        SafetensorsWriter.Write(folder.File("a.safetensors"), [new("weight", torch.ones(3, 2))]);
        Check("it has no 'latents', but 'weight'");
        SafetensorsWriter.Write(folder.File("a.safetensors"), [new("latents", torch.ones(3, 4, 2))]);
        Check("latents must be floating-point [n, C, h, w]; they are Float32 [n, 4, 2]");
        SafetensorsWriter.Write(
            folder.File("a.safetensors"), [new("latents", torch.ones(3, 4, 2, 2)), new("labels", torch.ones(2, dtype: torch.int64))]);
        Check("its tensors have 3, 2 rows");
        SafetensorsWriter.Write(
            folder.File("a.safetensors"), [new("latents", torch.ones(3, 4, 2, 2)), new("latents_flip", torch.ones(3, 4, 1, 1))]);
        Check("'latents_flip' must be of the shape of the latents");
        SafetensorsWriter.Write(folder.File("a.safetensors"), [new("latents", torch.ones(3, 4, 2, 2))]);
        SafetensorsWriter.Write(folder.File("b.safetensors"), [new("latents", torch.ones(3, 4, 4, 4))]);
        Check("does not fit");

        void Check(string part) =>
            Assert.Contains(
                part, Assert.Throws<InvalidDataException>(() => LatentDataSet.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    private static GMemOptions Options(KlAutoencoder autoencoder)
    {
        GMemOptions options = TinyModel.Options(batchSize: 4);
        options.Autoencoder = autoencoder;
        return options;
    }

    private static MemoryBank Bank(int count)
    {
        using torch.Generator generator = new((ulong)count);
        using torch.Tensor rows = torch.randn([count, 5], generator: generator);
        return MemoryBank.FromRows(rows);
    }

    private static void Write(TemporaryFolder folder, string name, int count, long seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new((ulong)seed);
        torch.Tensor latents = torch.randn([count, 4, 4, 4], generator: generator).Plus(3);
        torch.Tensor labels = TensorNumbers.Range(0, count).Remainder(3);
        SafetensorsWriter.Write(
            folder.File($"{name}.safetensors"), [new("latents", latents), new("latents_flip", latents.flip(3)), new("labels", labels)]);
    }
}
