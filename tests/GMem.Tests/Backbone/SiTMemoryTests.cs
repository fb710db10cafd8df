using GMem.Backbone;
using GMem.Runtime;
using TorchSharp;
using TorchSharp.Modules;

namespace GMem.Tests.Backbone;

/// <summary>Live tensors, gradients under checkpointing, and use from several threads.</summary>
public sealed class SiTMemoryTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Forward_Repeated_LeavesOneTensorACall(bool lightning)
    {
        using SiT network = SmallSiT.Build(SmallSiT.Options(lightning));
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradients = torch.no_grad();
        (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(network.Options, 19);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        _ = network.forward(x, t, c);
        Assert.Equal(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void ForwardTraining_StepByStep_LeavesNothingOnceItsScopeEnds(bool lightning, bool checkpoint)
    {
        SiTOptions options = SmallSiT.Options(lightning);
        options = options with { ActivationCheckpointing = checkpoint };
        using SiT network = SmallSiT.Build(options);
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(options, 3);
        List<long> live = [];
        for (int step = 0; step < 4; step++)
        {
            using (torch.NewDisposeScope())
            {
                long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
                SiTOutput output = network.ForwardTraining(x, t, [c!]);
                Assert.Equal(before + 2, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
                output.Prediction.Squared().mean().Plus(output.Projection!.Squared().mean()).backward();
            }

            live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Single(live.Skip(1).Distinct());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ActivationCheckpointing_OnAndOff_GivesTheSameGradients(bool lightning)
    {
        SiTOptions options = SmallSiT.Options(lightning), checkpointed = SmallSiT.Options(lightning);
        checkpointed = checkpointed with { ActivationCheckpointing = true };
        using SiT plain = SmallSiT.Build(options), network = SmallSiT.Build(checkpointed);
        float expectedLoss = Backward(plain), loss = Backward(network);
        Assert.Equal(expectedLoss, loss);
        foreach (((string name, Parameter expected), (_, Parameter actual)) in plain.TrainableParameters().Zip(
            network.TrainableParameters()))
        {
            Assert.True(expected.grad!.abs().max().item<float>() > 0, name);
            Assert.True(actual.grad!.equal(expected.grad).all().item<bool>(), name);
        }
    }

    [Fact]
    public void Forward_FromFourThreadsAtOnce_GivesEachItsOwnResult()
    {
        using SiT network = SmallSiT.Build(SmallSiT.Options());
        float[][] expected = [.. Enumerable.Range(0, 4).Select(seed => Evaluate(network, (ulong)seed))];
        Assert.Equal(4, expected.Select(e => e[0]).Distinct().Count());
        float[][] actual = new float[4][];
        bool[] equal = new bool[4];
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            equal[i] = true;
            for (int repeat = 0; repeat < 10; repeat++)
            {
                equal[i] &= Evaluate(network, (ulong)i).SequenceEqual(expected[i]);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(equal, Assert.True);
    }

    private static float Backward(SiT network)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(network.Options, 3);
        SiTOutput output = network.ForwardTraining(x, t, [c!]);
        torch.Tensor loss = output.Prediction.Squared().mean().Plus(output.Projection!.Squared().mean());
        loss.backward();
        return loss.item<float>();
    }

    private static float[] Evaluate(SiT network, ulong seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradients = torch.no_grad();
        (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(network.Options, 3, seed: seed);
        return network.forward(x, t, c).data<float>().ToArray();
    }
}
