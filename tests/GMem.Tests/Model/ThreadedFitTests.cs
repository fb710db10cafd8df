using GMem.Tests.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>All other tests train on one thread (TestSetup).</summary>
[Collection(nameof(OperatorThreads))]
public sealed class ThreadedFitTests
{
    /// <summary>A step's images are shared.</summary>
    [Fact]
    public void Fit_OnTwoThreadsTwice_SameImagesBitForBit() => OperatorThreads.Run(2, () =>
    {
        Assert.Equal(2, ShardPlan.Default(TinyModel.Options().Training, torch.CPU, torch.get_num_threads()));
        using GMemModel first = TinyModel.Train(), second = TinyModel.Train();
        Assert.Equal(TinyModel.Generate(first, new GenerationRequest(1)), TinyModel.Generate(second, new GenerationRequest(1)));
    });
}
