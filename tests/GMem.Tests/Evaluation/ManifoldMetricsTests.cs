using GMem.Evaluation;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Evaluation;

public sealed class ManifoldMetricsTests
{
    /// <summary>More rows than a block on both sides, so that every kind of pair of blocks occurs.</summary>
    [Fact]
    public void Compute_OverSeveralBlocks_IsTheDirectCount()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor real = TestFeatures.Normal(1060, 6, 1);
        torch.Tensor generated = TestFeatures.Normal(1100, 6, 2, 1.2).Plus(0.4);
        IReadOnlyList<ManifoldScores> scores = ManifoldMetrics.Compute(real, generated, [5, 3]);
        torch.Tensor x = real.to(torch.float64);
        torch.Tensor y = generated.to(torch.float64);
        torch.Tensor across = Distances(x, y);
        foreach (ManifoldScores score in scores)
        {
            torch.Tensor realRadii = Radii(x, score.Neighbours).unsqueeze(1);
            torch.Tensor generatedRadii = Radii(y, score.Neighbours).unsqueeze(0);
            Assert.Equal(across.le(realRadii).any(0).to(torch.float64).mean().item<double>(), score.Precision, 1e-12);
            Assert.Equal(across.le(generatedRadii).any(1).to(torch.float64).mean().item<double>(), score.Recall, 1e-12);
            Assert.Equal(across.lt(realRadii).sum().item<long>() / (1100.0 * score.Neighbours), score.Density, 1e-12);
            Assert.Equal(across.lt(realRadii).any(1).to(torch.float64).mean().item<double>(), score.Coverage, 1e-12);
        }

        Assert.Equal([5, 3], scores.Select(s => s.Neighbours));
    }

    [Fact]
    public void Indices_OverSeveralBlocks_AreTheNearestRowsWithoutTheExcluded()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor set = TestFeatures.Normal(1500, 5, 3);
        torch.Tensor exclude = TensorNumbers.Range(0, 1200);
        torch.Tensor found = NearestNeighbours.Indices(set.narrow(0, 0, 1200), set, 4, exclude);
        torch.Tensor distances = Distances(set.narrow(0, 0, 1200).to(torch.float64), set.to(torch.float64));
        (_, torch.Tensor expected) = distances.topk(5, 1, largest: false, sorted: true);
        ReferenceFolder.Close(found, expected.narrow(1, 1, 4), 0, 0, "rows");
    }

    [Fact]
    public void Realism_OverSeveralBlocks_IsTheDirectMaximum()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor real = TestFeatures.Normal(1100, 5, 4);
        torch.Tensor generated = TestFeatures.Normal(1200, 5, 5);
        torch.Tensor radii = Radii(real.to(torch.float64), 3).unsqueeze(1);
        torch.Tensor expected = (radii / Distances(real.to(torch.float64), generated.to(torch.float64)).Plus(1e-5)).amax([0]);
        ReferenceFolder.Close(ManifoldMetrics.Realism(real, generated), expected, 0, 1e-9, "realism");
    }

    [Fact]
    public void Compute_Disjoint_IsZeroAndEqualSetsOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = TestFeatures.Normal(50, 3, 6);
        ManifoldScores far = ManifoldMetrics.Compute(x, x.Plus(1000));
        ManifoldScores same = ManifoldMetrics.Compute(x, x);
        Assert.Equal((0, 0, 0, 0), (far.Precision, far.Recall, far.Density, far.Coverage));
        Assert.Equal((1, 1, 1), (same.Precision, same.Recall, same.Coverage));
    }

    [Fact]
    public void Compute_TooFewImages_SaysHowMany()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Contains("at least 6", Assert.Throws<ArgumentException>(
            () => ManifoldMetrics.Compute(torch.zeros(5, 2), torch.zeros(9, 2), 5)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => ManifoldMetrics.Compute(torch.zeros(5, 2), torch.zeros(9, 2), 0));
    }

    private static torch.Tensor Distances(torch.Tensor a, torch.Tensor b) => (a.unsqueeze(1) - b.unsqueeze(0)).Squared().sum(2);

    private static torch.Tensor Radii(torch.Tensor x, int k) =>
        Distances(x, x).topk(k + 1, 1, largest: false, sorted: true).values.select(1, k);
}
