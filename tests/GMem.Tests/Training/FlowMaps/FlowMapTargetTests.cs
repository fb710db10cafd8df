using GMem.Backbone;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using GMem.Transport;
using TorchSharp;

namespace GMem.Tests.Training.FlowMaps;

public sealed class FlowMapTargetTests
{
    private const int Count = 12;

    [Fact]
    public void Draw_AnyBatch_ItsShareLearnsTheMapAndTheOthersKeepTheirTimes()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(3);
        torch.Tensor time = torch.rand(4000, generator: generator), before = time.clone();
        FlowMapDraws map = FlowMapDraws.Of(new FlowMapOptions { Share = 0.3, ShortestInterval = 1.0 / 16 }, time, generator);
        Assert.Equal(1200, map.IsMap.Count(m => m));
        Assert.All(Enumerable.Range(0, 40), i => Assert.InRange(map.IsMap.Skip(100 * i).Take(100).Count(m => m), 29, 31));
        float[] begin = [.. time.data<float>()], end = [.. map.Target.data<float>()], old = [.. before.data<float>()];
        List<double> lengths = [];
        for (int i = 0; i < begin.Length; i++)
        {
            if (!map.IsMap[i])
            {
                Assert.Equal(old[i], begin[i]);
                Assert.Equal(old[i], end[i]);
                continue;
            }

            Assert.InRange(begin[i], 0, 1);
            Assert.InRange(end[i] - begin[i], (1.0 / 16) - 1e-6, 1);
            Assert.InRange(end[i], 0, 1);
            lengths.Add(Math.Log(end[i] - begin[i]) / Math.Log(1.0 / 16));
        }

        // Log-uniform: mean 1/2 and variance 1/12, each within five standard errors.
        double mean = lengths.Average(), variance = lengths.Select(l => (l - mean) * (l - mean)).Average();
        Assert.InRange(mean, 0.5 - (5 * 0.289 / Math.Sqrt(1200)), 0.5 + (5 * 0.289 / Math.Sqrt(1200)));
        Assert.InRange(variance, 0.071, 0.096);
    }

    [Fact]
    public void Of_AnyNetwork_IsTheMeanVelocityOfTheHalvesWhereAMapIsLearnt()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(5);
        SiT network = Network(generator);
        StepDraws draws = Draws(generator);
        FlowMapDraws map = draws.Map!;
        TransportPlan plan = FlowTransport.LinearVelocity.Plan(draws.Time, draws.Noise, draws.Data);

        torch.Tensor target = FlowMapTarget.Of(network, plan, draws, map);

        Assert.False(target.requires_grad);
        for (int i = 0; i < Count; i++)
        {
            torch.Tensor x = plan.State.narrow(0, i, 1), t = draws.Time.narrow(0, i, 1), r = map.Target.narrow(0, i, 1);
            torch.Tensor condition = draws.Conditions[0].narrow(0, i, 1), expected = plan.Velocity!.narrow(0, i, 1);
            if (map.IsMap[i])
            {
                torch.Tensor half = (r - t).Times(0.5), middle = t.Plus(half);
                torch.Tensor embedding = network.EmbedConditions([condition], 1)!;
                torch.Tensor first = network.ForwardEmbedded(x, t, embedding, middle);
                torch.Tensor second = network.ForwardEmbedded(x.PlusProduct(half, first), middle, embedding, r);
                expected = first.Plus(second).Times(0.5);
            }

            ReferenceFolder.Close(target.narrow(0, i, 1), expected.detach(), 1e-6, 1e-5, $"row {i}");
        }

        Assert.Equal(3, map.IsMap.Count(m => m));
        FlowMapDraws none = map.Slice(0, 3);
        Assert.DoesNotContain(true, none.IsMap);
        StepDraws some = draws.Slice(0, 3);
        TransportPlan part = FlowTransport.LinearVelocity.Plan(some.Time, some.Noise, some.Data);
        Assert.True(FlowMapTarget.Of(network, part, some, none).equal(part.Velocity!).all().item<bool>());
    }

    [Fact]
    public void Network_TargetTime_IsTheSameNetworkAtItsOwnTimeAndAnotherElsewhere()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(7);
        SiT network = Network(generator);
        torch.Tensor t = torch.tensor([0.2f, 0.5f]), r = torch.tensor([0.9f, 0.6f]);
        torch.Tensor x = torch.randn([2, 3, 8, 8], generator: generator), snippets = torch.randn([2, 5], generator: generator);
        torch.Tensor embedding = network.EmbedConditions([snippets], 2)!;
        torch.Tensor velocity = network.ForwardEmbedded(x, t, embedding);
        Assert.True(velocity.equal(network.ForwardEmbedded(x, t, embedding, t)).all().item<bool>());
        torch.Tensor mean = network.ForwardEmbedded(x, t, embedding, r);
        Assert.False(velocity.equal(mean).all().item<bool>());
        torch.Tensor alone = network.ForwardEmbedded(
            x.narrow(0, 1, 1), t.narrow(0, 1, 1), embedding.narrow(0, 1, 1), r.narrow(0, 1, 1));
        Assert.True(alone[0].equal(mean[1]).all().item<bool>());

        Assert.Contains("The target (one time for each image): the shape is [1], expected [2]", Assert.Throws<ArgumentException>(
            () => network.ForwardEmbedded(x, t, embedding, r.narrow(0, 0, 1))).Message, StringComparison.Ordinal);
        using SiT plain = new(Options(isFlowMap: false), generator);
        Assert.Contains("no flow map", Assert.Throws<ArgumentException>(
            () => plain.ForwardEmbedded(x, t, embedding, r)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Network_NewFlowMap_BeginsAsAVelocityFieldWithTheWeightsOfOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator one = new(9), other = new(9);
        using SiT plain = new(Options(isFlowMap: false), one), map = new(Options(isFlowMap: true), other);
        IReadOnlyDictionary<string, torch.Tensor> weights = map.StateDictTensors();
        Assert.All(plain.StateDictTensors(), p => Assert.True(p.Value.equal(weights[p.Key]).all().item<bool>(), p.Key));
        Assert.Equal(
            ["interval_embedder.mlp.0.bias", "interval_embedder.mlp.0.weight", "interval_embedder.mlp.2.bias",
                "interval_embedder.mlp.2.weight"],
            weights.Keys.Except(plain.StateDictTensors().Keys).Order(StringComparer.Ordinal));
        torch.Tensor t = torch.tensor([0.2f]), r = torch.tensor([0.9f]);
        torch.Tensor first = Modulations.Plain(map, t, null)[0], second = Modulations.Plain(map, t, null, r)[0];
        Assert.True(first.equal(second).all().item<bool>());
    }

    private static SiTOptions Options(bool isFlowMap) => new()
    {
        InputSize = 8,
        InputChannels = 3,
        HiddenSize = 32,
        Depth = 3,
        HeadCount = 2,
        IsFlowMap = isFlowMap,
        Conditions = [new SnippetCondition { Size = 5 }],
    };

    /// <summary>With no weight zero, so that everything it is told shows.</summary>
    private static SiT Network(torch.Generator generator)
    {
        SiT network = new(Options(isFlowMap: true), generator);
        using IDisposable noGradients = torch.no_grad();
        foreach ((_, TorchSharp.Modules.Parameter parameter) in network.TrainableParameters())
        {
            _ = parameter.copy_(torch.randn(parameter.shape, generator: generator).TimesInPlace(0.1));
        }

        return network;
    }

    private static StepDraws Draws(torch.Generator generator)
    {
        torch.Tensor time = torch.rand(Count, generator: generator);
        FlowMapDraws map = FlowMapDraws.Of(new FlowMapOptions(), time, generator);
        torch.Tensor Image() => torch.randn([Count, 3, 8, 8], generator: generator);
        return new StepDraws(Image(), Image(), time, [torch.randn([Count, 5], generator: generator)], null, map);
    }
}
