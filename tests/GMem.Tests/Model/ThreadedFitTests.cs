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
        Assert.Equal(2, GradientTeam.Members(TinyModel.Options().Training, torch.CPU));
        using GMemModel first = TinyModel.Train(), second = TinyModel.Train();
        Assert.Equal(TinyModel.Generate(first, new GenerationRequest(1)), TinyModel.Generate(second, new GenerationRequest(1)));
    });

    /// <summary>A step of one image cannot be shared by images; its network's heads and hidden units are.</summary>
    [Fact]
    public void Fit_OneImageAStep_SameLossesOnTwoThreadsUpToRounding()
    {
        GMemOptions options = TinyModel.Options();
        options.Training.BatchSize = 1;

        // Large, so that the gates, which start at zero, open far enough for the blocks to show in the loss.
        options.Training.LearningRate = 0.05;
        ProgressList one = new(), two = new();
        OperatorThreads.Run(1, () => TinyModel.Train(options, one).Dispose());
        OperatorThreads.Run(2, () =>
        {
            Assert.Equal((1, 2), (GradientTeam.Members(options.Training, torch.CPU), NetworkShards.Count(options.Network, options.Training, torch.CPU)));
            TinyModel.Train(options, two).Dispose();
        });
        Assert.All(one.Reports.Zip(two.Reports), r => Assert.Equal(r.First.Loss, r.Second.Loss, 1e-4));
        Assert.NotEqual(one.Reports.Select(r => r.GradientNorm), two.Reports.Select(r => r.GradientNorm));
    }
}
