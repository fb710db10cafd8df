using GMem.Evaluation;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Evaluation;

public sealed class InceptionScoreTests
{
    [Fact]
    public void Compute_SureAndEvenClasses_IsTheirNumber()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor logits = torch.eye(8).Times(2000).repeat(10, 1);
        InceptionScoreResult score = InceptionScore.Compute(logits, 10, order: null);
        Assert.Equal(8, score.Mean, 1e-9);
        Assert.Equal(0, score.StandardDeviation, 1e-9);
    }

    [Fact]
    public void Compute_NothingToTellApart_IsOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Equal(1, InceptionScore.Compute(torch.zeros(30, 5)).Mean, 1e-12);
    }

    [Fact]
    public void Compute_SortedByClass_NeedsTheShuffle()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor sorted = torch.eye(10).Times(50).repeat_interleave(20, 0);
        Assert.Equal(1, InceptionScore.Compute(sorted, 10, order: null).Mean, 1e-9);
        Assert.InRange(InceptionScore.Compute(sorted, 10).Mean, 6, 10);
        Assert.Equal(InceptionScore.Compute(sorted, 10).Splits, InceptionScore.Compute(sorted, 10).Splits);
    }

    [Fact]
    public void ComputeAdm_ShortLastSplit_CountsAsMuch()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor logits = TestFeatures.Normal(25, 4, 1);
        InceptionScoreResult score = InceptionScore.ComputeAdm(logits, 10);
        Assert.Equal(3, score.Splits.Count);
        Assert.Equal(InceptionScore.ComputeAdm(logits.narrow(0, 20, 5), 10).Mean, score.Splits[2], 1e-12);
        Assert.Equal(score.Splits.Average(), score.Mean, 1e-12);
    }

    [Fact]
    public void Compute_FewerImagesThanSplits_SaysSo()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Contains("at least 10", Assert.Throws<ArgumentException>(
            () => InceptionScore.Compute(torch.zeros(9, 4))).Message, StringComparison.Ordinal);
    }
}
