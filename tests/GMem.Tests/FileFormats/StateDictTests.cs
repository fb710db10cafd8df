using GMem.Backbone;
using GMem.FileFormats;
using GMem.Runtime;
using GMem.Tests.Backbone;
using TorchSharp;

namespace GMem.Tests.FileFormats;

public sealed class StateDictTests
{
    [Fact]
    public void Load_TensorsOfAnotherNetwork_MakesThemEqual()
    {
        using SiT source = SmallSiT.Build(SmallSiT.Options(lightning: true), seed: 1),
            target = SmallSiT.Build(SmallSiT.Options(lightning: true), seed: 2);
        StateDict.Load(target, source.StateDictTensors(), "memory");
        Assert.All(target.StateDictTensors(), pair => Assert.True(
            pair.Value.equal(source.StateDictTensors()[pair.Key]).all().item<bool>(), pair.Key));
        Assert.False(source.pos_embed.requires_grad);
    }

    [Fact]
    public void Load_MissingUnexpectedAndMisshapen_NamesAllAndChangesNothing()
    {
        using SiT network = SmallSiT.Build(SmallSiT.Options());
        using torch.Tensor before = network.x_embedder.proj.weight.detach().clone();
        Dictionary<string, torch.Tensor> tensors = network.StateDictTensors().ToDictionary(p => p.Key, p => p.Value.Plus(1));
        tensors.Remove("x_embedder.proj.bias");
        tensors["stranger"] = torch.zeros(3);
        tensors["pos_embed"] = torch.zeros(1, 16, 44);
        tensors["final_layer.linear.bias"] = tensors["final_layer.linear.bias"].to(torch.float64);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => StateDict.Load(network, tensors, "file.safetensors"));
        Assert.Equal(
            "The weights in 'file.safetensors' do not fit the SiT: 'final_layer.linear.bias' is Float64, expected Float32; 'pos_embed' "
            + "is [1, 16, 44], expected [1, 16, 48]; "
            + "'stranger' is unexpected; 'x_embedder.proj.bias' is missing. Build it with the options of that checkpoint.", error.Message);
        Assert.True(network.x_embedder.proj.weight.equal(before).all().item<bool>());
    }

    [Fact]
    public void Load_NamesThatMayBeMissingOrUnexpected_ArePassedOver()
    {
        using SiT network = SmallSiT.Build(SmallSiT.Options());
        Dictionary<string, torch.Tensor> tensors = network.StateDictTensors()
            .Where(p => !p.Key.StartsWith("projector.", StringComparison.Ordinal)).ToDictionary(p => p.Key, p => p.Value.Plus(1));
        tensors["stranger"] = torch.zeros(3);
        StateDict.Load(
            network, tensors, "memory", name => name.StartsWith("projector.", StringComparison.Ordinal), name => name == "stranger");
        Assert.True(network.pos_embed.equal(tensors["pos_embed"]).all().item<bool>());
    }

    [Fact]
    public void Load_NarrowerType_IsWidened()
    {
        using SiT single = SmallSiT.Build(SmallSiT.Options()), wide = SmallSiT.Build(SmallSiT.Options(), torch.float64, seed: 9);
        StateDict.Load(wide, single.StateDictTensors(), "memory");
        Assert.True(wide.x_embedder.proj.weight.equal(single.x_embedder.proj.weight.to(torch.float64)).all().item<bool>());
    }
}
