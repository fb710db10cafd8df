using GMem.Backbone;
using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Adapters: trained, saved by themselves and with a model, applied and removed.</summary>
public sealed class LowRankAdapterTests : IDisposable
{
    private readonly GMemModel _initial = TinyModel.Train();

    public void Dispose() => _initial.Dispose();

    [Fact]
    public void Fit_Adapter_IsTheInitialModelWithOne()
    {
        using GMemModel tuned = Tuned();
        Assert.Equal(4, tuned.Adapter!.Rank);
        Assert.Equal(8, tuned.Adapter.Alpha);
        Assert.Equal(1, tuned.AdapterStrength);
        Assert.Equal(
            ["blocks.0.attn.qkv", "blocks.0.attn.proj", "blocks.0.mlp.fc1", "blocks.0.mlp.fc2"], tuned.Adapter.Layers.Take(4));
        Assert.Equal(8, tuned.Adapter.Layers.Count);
        Assert.Equal(_initial.Core.Fingerprint, tuned.Adapter.NetworkFingerprint);
        Assert.Equal(_initial.ParameterCount, tuned.ParameterCount);
        Assert.Equal(20, tuned.Memory.Count);
        using GMemModel plain = tuned.WithoutAdapter();
        Assert.Equal(_initial.Core.Fingerprint, plain.Core.Fingerprint);
        Assert.Null(plain.Adapter);
        Assert.NotEqual(Pixels(plain), Pixels(tuned));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    [InlineData(-2)]
    public void WithAdapter_AnyStrength_AddsTheProductToTheWeights(double strength)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using GMemModel tuned = Tuned();
        using GMemModel model = _initial.WithAdapter(tuned.Adapter!, strength);
        Assert.Equal(strength, model.AdapterStrength);
        Dictionary<string, torch.Tensor> file = Tensors(tuned.Adapter!);
        IReadOnlyDictionary<string, torch.Tensor> before = _initial.Core.Network.StateDictTensors();
        foreach ((string name, torch.Tensor after) in model.Core.Network.StateDictTensors())
        {
            string layer = name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : "";
            float[] actual = after.detach().data<float>().ToArray(), expected = before[name].detach().data<float>().ToArray();
            if (file.TryGetValue($"{layer}.lora_A", out torch.Tensor? down))
            {
                AddProduct(expected, down, file[$"{layer}.lora_B"], strength * 8 / 4);
                Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-6f));
                Assert.NotEqual(before[name].detach().data<float>().ToArray(), actual);
            }
            else
            {
                Assert.Equal(expected, actual);
            }
        }
    }

    [Fact]
    public void WithAdapter_StrengthZeroOrRemoved_HasTheBitsOfTheBase()
    {
        using GMemModel tuned = Tuned();
        using GMemModel zero = tuned.WithAdapter(tuned.Adapter!, 0), removed = zero.WithoutAdapter();
        Assert.Equal(_initial.Core.Fingerprint, Fingerprint(zero));
        Assert.Equal(_initial.Core.Fingerprint, Fingerprint(removed));
        Assert.Equal(0, zero.AdapterStrength);
        using GMemModel same = _initial.WithMemory(tuned.Memory);
        Assert.Equal(Pixels(same), Pixels(zero));

        // One is replaced by the next, on the same base.
        using GMemModel again = removed.WithAdapter(tuned.Adapter!), twice = again.WithAdapter(tuned.Adapter!);
        Assert.Equal(Pixels(tuned), Pixels(twice));
    }

    [Fact]
    public void WithAdapter_BaseDisposed_GoesOnAndComesBack()
    {
        using GMemModel tuned = Tuned();
        byte[] adapted = Pixels(tuned);
        using GMemModel other = tuned.WithSampling(tuned.Sampling);
        _initial.Dispose();
        tuned.Dispose();
        Assert.Equal(adapted, Pixels(other));
        using GMemModel plain = other.WithoutAdapter();
        other.Dispose();
        Assert.Equal(other.Adapter!.NetworkFingerprint, plain.Core.Fingerprint);
        Assert.NotEqual(adapted, Pixels(plain));
    }

    [Fact]
    public void SaveThenLoad_ModelWithAnAdapter_SameImagesAndSameBase()
    {
        using GMemModel tuned = Tuned();
        using GMemModel weaker = tuned.WithAdapter(tuned.Adapter!, 0.75);
        MemoryArchive archive = new(), plain = new();
        weaker.Save(archive);
        _initial.Save(plain);
        Assert.Equal(plain.Entries["network.safetensors"], archive.Entries["network.safetensors"]);
        Assert.DoesNotContain("adapter.safetensors", plain.Entries.Keys);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(0.75, loaded.AdapterStrength);
        Assert.Equal(Pixels(weaker), Pixels(loaded));
        Assert.Equal(GMem.FileFormats.FileIntegrity.Checked, loaded.Integrity);
        using GMemModel removed = loaded.WithoutAdapter();
        Assert.Equal(_initial.Core.Fingerprint, removed.Core.Fingerprint);

        byte[] adapter = archive.Entries["adapter.safetensors"];
        archive.Entries.Remove("adapter.safetensors");
        Assert.Contains("no entry 'adapter.safetensors'", Damage(archive), StringComparison.Ordinal);
        archive.Entries["adapter.safetensors"] = adapter;
        using GMemModel stranger = TinyModel.Train(TinyModel.Options(seed: 4));
        stranger.Save(plain);
        archive.Entries["network.safetensors"] = plain.Entries["network.safetensors"];
        Assert.Contains("network of the same shape with other weights", Damage(archive), StringComparison.Ordinal);
    }

    [Fact]
    public void SaveThenLoad_AdapterAlone_IsTheSameFromFileAndStream()
    {
        using TemporaryFolder folder = new();
        using GMemModel tuned = Tuned();
        tuned.Adapter!.Save(folder.File("a.safetensors"));
        using MemoryStream stream = new();
        tuned.Adapter.Save(stream);
        Assert.Equal(File.ReadAllBytes(folder.File("a.safetensors")), stream.ToArray());
        stream.Position = 0;
        foreach (LowRankAdapter adapter in new[] { LowRankAdapter.Load(folder.File("a.safetensors")), LowRankAdapter.Load(stream) })
        {
            Assert.Equal(tuned.Adapter.Layers, adapter.Layers);
            Assert.Equal((4, 8.0, tuned.Adapter.ParameterCount), (adapter.Rank, adapter.Alpha, adapter.ParameterCount));
            using GMemModel applied = _initial.WithAdapter(adapter), same = applied.WithMemory(tuned.Memory);
            Assert.Equal(Pixels(tuned), Pixels(same));
        }
    }

    /// <summary>Trained through the library at a rank of 8: 2.4 MB.</summary>
    [Fact]
    public void Save_AdapterOfS_IsUnderFiveMegabytes()
    {
        using SiT network = new(SiTOptions.FromPreset(SiTPreset.S, patchSize: 2));
        TrainedParts.Select(network, new TrainingOptions { Adapter = new LowRankAdapterOptions { Rank = 8 } });
        LowRankAdapter adapter = LowRankAdapter.Of(network, new LowRankAdapterOptions { Rank = 8 }, new string('0', 64));
        using MemoryStream stream = new();
        adapter.Save(stream);
        Assert.Equal(48, adapter.Layers.Count);
        Assert.InRange(stream.Length, 4 * adapter.ParameterCount, 4 * adapter.ParameterCount + 50_000);
        Assert.InRange(stream.Length, 2_000_000, 5_000_000);
    }

    [Fact]
    public void WithAdapter_OfAnotherNetwork_SaysWhatDiffers()
    {
        using GMemModel tuned = Tuned(), weights = TinyModel.Train(TinyModel.Options(seed: 4));
        Assert.StartsWith(
            $"The adapter is for a network of the same shape with other weights (fingerprint {_initial.Core.Fingerprint[..12]}..., ",
            Refusal(weights, tuned.Adapter!), StringComparison.Ordinal);
        GMemOptions wide = TinyModel.Options(), shallow = TinyModel.Options();
        wide.Network = wide.Network with { HiddenSize = 36 };
        shallow.Network = shallow.Network with { Depth = 1 };
        using GMemModel wider = TinyModel.Train(wide), shallower = TinyModel.Train(shallow);
        Assert.Equal(
            "The adapter is for another network: its layer 'blocks.0.attn.qkv' has [96, 32] weights, and the model has [108, 36]. Give it "
                + "the model that it was trained from.", Refusal(wider, tuned.Adapter!));
        Assert.Contains(
            "its layer 'blocks.1.attn.qkv' has [96, 32] weights, and the model has no such layer", Refusal(shallower, tuned.Adapter!),
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => _initial.WithAdapter(tuned.Adapter!, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => _initial.WithAdapter(tuned.Adapter!, 11));
    }

    [Fact]
    public void Fit_AdapterWithWhatDoesNotFit_IsRefusedByName()
    {
        GMemOptions options = Options();
        options.InitialModel = null;
        options.Training.Source = new CentredSource();
        Assert.Equal(
            "GMemOptions: InitialModel is null, it must be set with Training.Adapter, which is trained on it; Training.Source is set, it "
                + "must be null with Training.Adapter, which has no place for a source; that of InitialModel is kept.", Refusal(options));
        using GMemModel tuned = Tuned();
        options = Options();
        options.InitialModel = tuned;
        Assert.Equal(
            "GMemOptions: InitialModel is a model with an adapter, it must be one without for Training.Adapter; WithoutAdapter gives it.",
            Refusal(options));

        // All weights are trained from what the two make together.
        options.Training.Adapter = null;
        (options.Training.TotalSteps, options.Training.LearningRate) = (1, 1e-30);
        using GMemModel merged = TinyModel.Train(options);
        Assert.Null(merged.Adapter);
        float[] expected = Weights(tuned), actual = Weights(merged);
        Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-6f));
        Assert.NotEqual(Weights(_initial), expected);

        static float[] Weights(GMemModel model) =>
            model.Core.Network.blocks[0].attn.qkv.weight.detach().contiguous().data<float>().ToArray();
    }

    [Fact]
    public void Fit_AdapterOfAModelWithASource_KeepsIt()
    {
        GMemOptions source = TinyModel.Options();
        source.Training.Source = new CentredSource();
        using GMemModel initial = TinyModel.Train(source);
        GMemOptions options = Options();
        options.InitialModel = initial;
        using GMemModel tuned = TinyModel.Train(options);
        Assert.Equal(initial.Core.Source!.Fingerprint(), tuned.Core.Source!.Fingerprint());
        MemoryArchive archive = new();
        tuned.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(Pixels(tuned), Pixels(loaded));
    }

    [Fact]
    public void Load_WhatIsNoAdapter_SaysSo()
    {
        using TemporaryFolder folder = new();
        using GMemModel tuned = Tuned();
        MemoryArchive archive = new();
        tuned.Save(archive);
        byte[] bytes = archive.Entries["adapter.safetensors"];
        File.WriteAllBytes(folder.File("network.safetensors"), archive.Entries["network.safetensors"]);
        File.WriteAllBytes(folder.File("short.safetensors"), bytes[..^10]);
        byte[] changed = [.. bytes];
        changed[^100] ^= 1;
        File.WriteAllBytes(folder.File("changed.safetensors"), changed);
        Assert.Contains("is no adapter", Message("network.safetensors"), StringComparison.Ordinal);
        Assert.Contains("short.safetensors", Message("short.safetensors"), StringComparison.Ordinal);
        Assert.Contains("changed.safetensors", Message("changed.safetensors"), StringComparison.Ordinal);
        Assert.Equal(
            $"There is no adapter file '{folder.File("none")}'.",
            Assert.Throws<FileNotFoundException>(() => LowRankAdapter.Load(folder.File("none"))).Message);

        string Message(string name) => Assert.Throws<InvalidDataException>(() => LowRankAdapter.Load(folder.File(name))).Message;
    }

    [Fact]
    public void Fit_AdapterAppliedAndRemoved_LeavesNoTensors()
    {
        Use();
        long live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Use();
        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Use()
        {
            using GMemModel tuned = Tuned(), plain = tuned.WithoutAdapter(), again = plain.WithAdapter(tuned.Adapter!, 0.5);
            using MemoryStream stream = new();
            again.Save(stream);
            stream.Position = 0;
            GMemModel.Load(stream).Dispose();
        }
    }

    private static void AddProduct(float[] weights, torch.Tensor down, torch.Tensor up, double scale)
    {
        (long rank, long inputs) = (down.shape[0], down.shape[1]);
        float[] a = down.data<float>().ToArray(), b = up.data<float>().ToArray();
        for (int i = 0; i < weights.Length; i++)
        {
            (long output, long input) = Math.DivRem(i, inputs);
            double sum = Enumerable.Range(0, (int)rank).Sum(r => (double)b[(output * rank) + r] * a[(r * inputs) + input]);
            weights[i] = (float)(weights[i] + (scale * sum));
        }
    }

    private static Dictionary<string, torch.Tensor> Tensors(LowRankAdapter adapter)
    {
        using MemoryStream stream = new();
        adapter.Save(stream);
        stream.Position = 0;
        return GMem.FileFormats.SafetensorsFile.ReadAll(stream, "adapter");
    }

    private static string Damage(MemoryArchive archive) =>
        Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU)).Message;

    private static string Refusal(GMemModel model, LowRankAdapter adapter) =>
        Assert.Throws<ArgumentException>(() => model.WithAdapter(adapter)).Message;

    private static string Refusal(GMemOptions options) => Assert.Throws<ArgumentException>(() => TinyModel.Train(options)).Message;

    private static byte[] Pixels(GMemModel model) => TinyModel.Generate(model, new GenerationRequest(1))[0];

    private static string Fingerprint(GMemModel model)
    {
        using GMem.Parts.CacheKey key = new();
        key.Add(model.Core.Network.StateDictTensors());
        return key.Finish();
    }

    private GMemOptions Options()
    {
        GMemOptions options = TinyModel.Options();
        options.InitialModel = _initial;
        options.Training.LearningRate = 1e-2;
        options.Training.Adapter = new LowRankAdapterOptions { Rank = 4, Alpha = 8 };
        return options;
    }

    private GMemModel Tuned()
    {
        using TrainingImages images = TinyModel.Images(count: 20);
        return GMemModel.Fit(images, Options(), torch.CPU);
    }
}
