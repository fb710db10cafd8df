using GMem.Autoencoders;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Official checkpoints become models, and models official checkpoints.</summary>
public sealed class CheckpointTests
{
    private const string Folder = "backbone";
    private const string WeightsSuffix = ".weights.safetensors";

    [Fact]
    public void FromCheckpoint_EveryReferenceNetwork_IsInferredAndPredictsAsRecorded()
    {
        string[] files = [.. ReferenceFolder.Files(Folder).Where(f => f.EndsWith(WeightsSuffix, StringComparison.Ordinal))];
        ReferenceFolder.RequireCases(Folder, files, "checkpoints made into models");
        foreach (string path in files)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using SafetensorsFile recorded = SafetensorsFile.Open(path.Replace(WeightsSuffix, ".io.safetensors", StringComparison.Ordinal));
            SiTOptions expected = TestBackbone.Options(recorded.Config());
            using GMemModel model = GMemModel.FromCheckpoint(path, Bank(expected), Options(expected));
            string what = Path.GetFileName(path);
            Assert.Equal(Shape(expected), Shape(model.Core.Network.Options));
            if (recorded.Contains("eval.out"))
            {
                torch.Tensor condition = recorded.Read(expected.Label is not null ? "y" : "c");
                ReferenceFolder.Close(model.Core.Network.forward(
                    recorded.Read("x"), recorded.Read("t"), condition), recorded.Read("eval.out"), 2e-5, 0, what);
            }

            IReadOnlyList<GeneratedImage> images = model.Generate([new(1), new(2, model.HasMemory ? 0 : null)]);
            Assert.Equal([2, 3, model.ImageShape.Height, model.ImageShape.Width], images.Pixels.shape);
        }
    }

    [Fact]
    public void ExportCheckpoint_ThenFromCheckpoint_SamePredictions()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 30));
        string path = folder.File("export.safetensors");
        model.ExportCheckpoint(path);
        using GMemModel again = GMemModel.FromCheckpoint(
            path, model.Memory, new CheckpointOptions { HeadCount = 2, Sampling = model.Sampling });
        Assert.True(model.Core.Network.Options.Snippet!.Scale > 1);
        Assert.Equal(1, again.Core.Network.Options.Snippet!.Scale);
        torch.Tensor x = torch.ones(2, 3, 8, 8), t = TensorNumbers.Full([2], 0.4f), snippets = model.Memory.Rows([3, 4]);
        ReferenceFolder.Close(
            again.Core.Network.forward(x, t, snippets), model.Core.Network.forward(x, t, snippets), 1e-5, 0, "prediction");
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(model.Core.Network.StateDictTensors().Keys.Order(
            StringComparer.Ordinal), file.Entries.Select(e => e.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(true, 2f)]
    [InlineData(false, 1f)]
    public void FromCheckpoint_ATrainingCheckpoint_TakesTheAverageOrNot(bool average, float expected)
    {
        using TemporaryFolder folder = new();
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        string path = TrainingCheckpoint(folder, model);
        using GMemModel loaded = GMemModel.FromCheckpoint(
            path, model.Memory, new CheckpointOptions { HeadCount = 2, UseAverage = average });
        using torch.Tensor bias = loaded.Core.Network.final_layer.linear.bias.detach().max();
        Assert.Equal(expected, bias.item<float>());
    }

    [Fact]
    public void FromCheckpoint_TensorsThatDoNotFit_AreAllNamedAtOnce()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        Dictionary<string, torch.Tensor> tensors = new(model.Core.Network.StateDictTensors());
        tensors.Remove("blocks.1.attn.qkv.bias");
        tensors["blocks.0.attn.proj.bias"] = torch.ones(33);
        tensors["loss.weight"] = torch.ones(1);
        SafetensorsWriter.Write(folder.File("a.safetensors"), tensors);
        InvalidDataException error = Assert.Throws<InvalidDataException>(
            () => GMemModel.FromCheckpoint(folder.File("a.safetensors"), model.Memory, new CheckpointOptions { HeadCount = 2 }));
        Assert.Contains("'blocks.0.attn.proj.bias' is [33], expected [32]; 'blocks.1.attn.qkv.bias' is missing; 'loss.weight' is "
            + "unexpected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromCheckpoint_WhatTheFileDoesNotSay_IsAskedFor()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        string path = folder.File("latent.safetensors");
        using SiT network = new(new SiTOptions
        {
            InputSize = 4,
            PatchSize = 2,
            HiddenSize = 32,
            Depth = 1,
            HeadCount = 2,
            Conditions = [new SnippetCondition { Size = 5 }],
        }, new torch.Generator(1));
        SafetensorsWriter.Write(path, network.StateDictTensors());
        using KlAutoencoder four = TinyEncoders.Kl();
        MemoryBank five = Rows(5), six = Rows(6);
        Check(null, new() { Autoencoder = four }, "does not tell the number of attention heads of a network 32 wide and 1 deep");
        Check(null, new() { Autoencoder = four, HeadCount = 2 }, "conditioned on snippets of 5 entries; give the bank");
        Check(six, new() { Autoencoder = four, HeadCount = 2 }, "The bank has snippets of 6 entries, but the network takes 5");
        Check(five, new() { HeadCount = 2 }, "makes latents of 4 channels, not images; set Autoencoder");
        Check(five, new() { Autoencoder = new PixelAutoencoder(), HeadCount = 2 }, "those of the autoencoder 'pixels' have 3");
        SafetensorsWriter.Write(folder.File("other.safetensors"), [new("weight", torch.ones(2))]);
        InvalidDataException none = Assert.Throws<InvalidDataException>(() => GMemModel.FromCheckpoint(folder.File("other.safetensors")));
        Assert.Contains("holds no SiT, LightningDiT or GMem network", none.Message, StringComparison.Ordinal);
        Assert.Contains("'x_embedder.proj.weight' is missing", none.Message, StringComparison.Ordinal);
        using GMemModel model = GMemModel.FromCheckpoint(path, five, new() { Autoencoder = four, HeadCount = 2 });
        Assert.Equal(8, model.ImageShape);

        void Check(MemoryBank? bank, CheckpointOptions options, string part) =>
            Assert.Contains(
                part, Assert.ThrowsAny<Exception>(() => GMemModel.FromCheckpoint(path, bank, options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromCheckpoint_PublishedSizes_TellTheirHeads()
    {
        foreach (SiTPreset preset in SiTPreset.All)
        {
            using SiT network = new(SiTOptions.FromPreset(preset, 2), device: torch.META);
            SiTOptions inferred = SiTInference.FromShapes(
                network.StateDictTensors().ToDictionary(t => t.Key, t => t.Value.shape), preset.Name);
            Assert.Equal(Shape(network.Options), Shape(inferred));
        }
    }

    private static MemoryBank? Bank(SiTOptions options) => options.Snippet is { } snippet ? Rows(snippet.Size) : null;

    private static MemoryBank Rows(int dimension)
    {
        using torch.Generator generator = new(3);
        using torch.Tensor rows = torch.randn([3, dimension], generator: generator);
        return MemoryBank.FromRows(rows);
    }

    private static CheckpointOptions Options(SiTOptions network) => new()
    {
        HeadCount = network.HeadCount,
        Sampling = new GMem.Sampling.SamplingOptions { Steps = 2 },
        Autoencoder = network.InputChannels == 3 ? null : KlAutoencoder.CreateRandom(
            new KlAutoencoderOptions
            {
                BaseChannels = 32,
                ChannelMultipliers = [1, 1],
                ResidualBlocks = 1,
                LatentChannels = network.InputChannels,
                BottleneckChannels = network.InputChannels,
            }, 1),
    };

    /// <summary>All that decides the function; ratios that only stand for another size are left out.</summary>
    private static string Shape(SiTOptions o)
    {
        object[] sizes =
            [o.InputSize,
                o.InputChannels, o.PatchSize, o.HiddenSize, o.Depth, o.HeadCount, o.ResolvedMlpHiddenSize, o.FrequencyEmbeddingSize];
        object[] switches = [o.UseRmsNorm, o.UseSwiGlu, o.UseRope, o.UseQkNorm, o.UseShift, o.LearnSigma];
        object[] condition = [o.Conditions.Count, o.Snippet?.Size ?? 0, o.Label?.ClassCount ?? 0];
        object[] projector = [o.ProjectionSize, o.ProjectionSize > 0 ? o.ProjectorHiddenSize : 0];
        return string.Join(' ', [.. sizes, .. switches, .. condition, .. projector]);
    }

    /// <summary>
    /// As the public training script saves it: weights of 1 under <c>model</c> (of a wrapped network), of 2 under <c>ema</c>, and its
    /// arguments.
    /// </summary>
    private static string TrainingCheckpoint(TemporaryFolder folder, GMemModel model)
    {
        IReadOnlyDictionary<string, torch.Tensor> tensors = model.Core.Network.StateDictTensors();
        PickleWriter pickle = new PickleWriter().Op('}');
        Dictionary<string, byte[]> storages = [];
        foreach ((string key, string prefix, float value) in new[] { ("model", "module._orig_mod.", 1f), ("ema", "", 2f) })
        {
            pickle.Item(key, p =>
            {
                p.OrderedDictionary();
                foreach ((string name, torch.Tensor tensor) in tensors)
                {
                    string storage = $"{storages.Count}";
                    long count = tensor.numel();
                    storages.Add(storage, CheckpointFile.Floats([.. Enumerable.Repeat(value, (int)count)]));
                    long[] strides = [.. tensor.shape.Select((_, i) => tensor.shape.Skip(i + 1).Aggregate(1L, (a, b) => a * b))];
                    p.Item(prefix + name, v => v.Tensor("FloatStorage", storage, count, 0, tensor.shape, strides));
                }
            });
        }

        pickle.Item("args", p => p.Global(
            "argparse", "Namespace").Op(')').Raw(0x81).Op('}').Item("lr", v => v.Double(1e-4)).Item("exp", v => v.Text("run")).Op('b'));
        pickle.Item("steps", p => p.Long(400));
        string path = folder.File("0400000.pt");
        File.WriteAllBytes(path, CheckpointFile.Zip(pickle.Stop().ToArray(), storages));
        return path;
    }
}
