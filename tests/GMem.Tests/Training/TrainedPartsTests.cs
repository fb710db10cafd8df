using GMem.Backbone;
using GMem.Runtime;
using GMem.Tests.Backbone;
using GMem.Training;
using TorchSharp;
using TorchSharp.Modules;

namespace GMem.Tests.Training;

/// <summary>What a run trains: all, what is not frozen, or an adapter.</summary>
public sealed class TrainedPartsTests
{
    [Fact]
    public void Select_FreezeByPatterns_LeavesTheRest()
    {
        using SiT network = SmallSiT.Build(SmallSiT.Options());
        TrainedParts.Select(network, new TrainingOptions { Freeze = ["blocks.0.*", "*.bias"] });
        Assert.All(network.TrainableParameters(), p => Assert.False(
            p.Name.StartsWith("blocks.0.", StringComparison.Ordinal) || p.Name.EndsWith(".bias", StringComparison.Ordinal), p.Name));
        Assert.Contains("blocks.1.attn.qkv.weight", network.TrainableParameters().Select(p => p.Name));
    }

    [Fact]
    public void Select_APatternThatFitsNothing_ListsTheNames()
    {
        using SiT network = SmallSiT.Build(SmallSiT.Options());
        string freeze = Message(network, new TrainingOptions { Freeze = ["blocks.*.attn.*", "blocks.*.atn.*"] });
        Assert.StartsWith(
            "Freeze has the pattern 'blocks.*.atn.*', which fits none of the names: x_embedder.proj.weight, x_embedder.proj.bias, ", freeze,
            StringComparison.Ordinal);
        Assert.Contains(", blocks.*.attn.qkv.weight, ", freeze, StringComparison.Ordinal);
        string layers = Message(network, Adapter(new LowRankAdapterOptions { Layers = ["x_embedder.*"] }));
        Assert.StartsWith(
            "Adapter.Layers has the pattern 'x_embedder.*', which fits none of the names: t_embedder.mlp.0, ", layers,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Select_NothingLeftOrRankTooLarge_IsRefused()
    {
        using SiT network = SmallSiT.Build(SmallSiT.Options());
        int all = network.TrainableParameters().Count;
        Assert.Equal(
            $"Freeze freezes all {all} parameters of the network; leave something to train.",
            Message(network, new TrainingOptions { Freeze = ["*"] }));
        using SiT other = SmallSiT.Build(SmallSiT.Options());
        Assert.Equal(
            "Rank of the adapter is 49, but the weights of the layer 'blocks.0.attn.qkv' are [144, 48]: choose a rank of at most 48, or "
                + "leave the layer out of Layers.", Message(other, Adapter(new LowRankAdapterOptions { Rank = 49 })));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Select_Adapter_ComputesWhatTheNetworkDidBitForBit(bool lightning)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        SiT network = SmallSiT.Build(SmallSiT.Options(lightning));
        (torch.Tensor x, torch.Tensor t, torch.Tensor? condition) = SmallSiT.Inputs(network.Options, 3);
        torch.Tensor before = network.forward(x, t, condition);
        TrainedParts.Select(network, Adapter(new LowRankAdapterOptions { Rank = 4, Layers = ["*"] }));
        Assert.Equal(2 * network.LinearLayers().Count, network.TrainableParameters().Count);
        Assert.All(network.TrainableParameters(), p => Assert.Contains(".lora_", p.Name, StringComparison.Ordinal));
        Assert.Equal(before.data<float>().ToArray(), network.forward(x, t, condition).data<float>().ToArray());
    }

    /// <summary>Of W + s B A the gradients are s B^T dW and s dW A^T.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Backward_Adapter_HasTheGradientOfTheMergedWeights(bool lightning, bool checkpointing)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        SiTOptions options = SmallSiT.Options(lightning) with { ActivationCheckpointing = checkpointing };
        LowRankAdapterOptions rank = new() { Rank = 3, Alpha = 6, Layers = ["*"] };
        SiT adapted = SmallSiT.Build(options, torch.float64), merged = SmallSiT.Build(options, torch.float64);
        TrainedParts.Select(adapted, Adapter(rank));
        using torch.Generator generator = new(8);
        Dictionary<string, GMem.Backbone.Linear> layers = merged.LinearLayers().ToDictionary(l => l.Name, l => l.Layer);
        Dictionary<string, Parameter> parts = adapted.TrainableParameters().ToDictionary(p => p.Name, p => p.Parameter);
        using (torch.no_grad())
        {
            foreach ((string name, GMem.Backbone.Linear layer) in layers)
            {
                Parameter b = parts[$"{name}.lora_B"];
                b.copy_(torch.randn(b.shape, dtype: torch.float64, generator: generator).TimesInPlace(0.2));
                layer.weight.copy_(layer.weight.PlusScaled(2, b.matmul(parts[$"{name}.lora_A"])));
            }
        }

        torch.Tensor loss = Loss(adapted), expected = Loss(merged);
        Assert.Equal(expected.item<double>(), loss.item<double>(), 1e-12 * expected.item<double>());
        loss.backward();
        expected.backward();
        foreach ((string name, GMem.Backbone.Linear layer) in layers)
        {
            Parameter a = parts[$"{name}.lora_A"], b = parts[$"{name}.lora_B"];
            Near(b.T.matmul(layer.weight.grad!).Times(2), a.grad!, name);
            Near(layer.weight.grad!.matmul(a.T).Times(2), b.grad!, name);
        }

        Assert.All(
            adapted.named_parameters().Where(p => !parts.ContainsKey(p.name)), p => Assert.True(p.parameter.grad is null, p.name));
    }

    [Fact]
    public void Twin_OfAnAdaptedNetwork_SharesAllTensorsAndOutlivesIt()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        SiT network = SmallSiT.Build(SmallSiT.Options(lightning: true));
        TrainedParts.Select(network, Adapter(new LowRankAdapterOptions()));
        (torch.Tensor x, torch.Tensor t, torch.Tensor? condition) = SmallSiT.Inputs(network.Options, 2);
        SiT twin = network.Twin(), plain = network.Twin(withAdapters: false);
        Assert.Equal(network.TrainableParameters().Select(p => p.Name), twin.TrainableParameters().Select(p => p.Name));
        using (torch.no_grad())
        {
            network.TrainableParameters()[1].Parameter.FillInPlace(0.5);
        }

        float[] changed = network.forward(x, t, condition).data<float>().ToArray();
        network.Dispose();
        Assert.Equal(changed, twin.forward(x, t, condition).data<float>().ToArray());
        Assert.NotEqual(changed, plain.forward(x, t, condition).data<float>().ToArray());
        Assert.Empty(plain.TrainableParameters());
    }

    [Fact]
    public void Of_FrozenParameters_TakeTheirWeightsAlone()
    {
        SiTOptions network = SiTOptions.FromPreset(SiTPreset.S, patchSize: 2);
        MemoryEstimate whole = MemoryEstimate.Of(network, new TrainingOptions(), torch.CPU);
        TrainingOptions adapter = Adapter(new LowRankAdapterOptions());
        (long all, long trained) = MemoryEstimate.Count(network, adapter);
        Assert.Equal(12 * 8 * (1536 + 768 + 1920 + 1920), trained);
        MemoryEstimate few = MemoryEstimate.Of(network, adapter, torch.CPU);
        Assert.Equal(4 * all, few.Network);
        Assert.InRange(few.Weights, 4 * all, 4 * all + (4 * 10 * trained));
        Assert.True(few.Weights < 0.25 * whole.Weights, $"{few.Weights} against {whole.Weights}");
    }

    [Fact]
    public void Validate_OptionsThatDoNotFit_NamesEveryFault() => Assert.Equal(
        "TrainingOptions: Freeze is set, it must be empty with Adapter, which freezes all but itself; the adapter's Rank is 0, it must be "
            + "from 1 to 1024; the adapter's Alpha is 0, it must be above 0 and at most 1e6, or null; the adapter's Layers is empty, it "
            + "must be a list of name patterns.",
        Assert.Throws<ArgumentException>(() => new TrainingOptions
        {
            Freeze = ["*"],
            Adapter = new LowRankAdapterOptions { Rank = 0, Alpha = 0, Layers = [] },
        }.Validate()).Message);

    private static TrainingOptions Adapter(LowRankAdapterOptions adapter) => new() { Adapter = adapter };

    private static string Message(SiT network, TrainingOptions options) =>
        Assert.Throws<ArgumentException>(() => TrainedParts.Select(network, options)).Message;

    private static torch.Tensor Loss(SiT network)
    {
        (torch.Tensor x, torch.Tensor t, torch.Tensor? condition) = SmallSiT.Inputs(network.Options, 3, torch.float64);
        SiTOutput output = network.ForwardTraining(x, t, [condition!]);
        return output.Prediction.Squared().mean().Plus(output.Projection!.Squared().mean());
    }

    private static void Near(torch.Tensor expected, torch.Tensor actual, string name)
    {
        double error = (expected - actual).norm().item<double>(), size = expected.norm().item<double>();
        Assert.True(error <= 1e-12 * size && size > 0, $"{name}: off by {error}, of {size}");
    }
}
