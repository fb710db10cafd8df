using GMem.Evaluation;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Evaluation;

public sealed class FrechetDistanceTests
{
    [Fact]
    public void Compute_DiagonalCovariances_IsTheClosedForm()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        double[] a = [4, 9, 0.25, 0];
        double[] b = [1, 16, 0.25, 3];
        double[] shift = [0.5, -1, 0, 2];
        using FeatureStatistics first = FeatureStatistics.FromMoments(torch.zeros(4, torch.float64), torch.diag(torch.tensor(a)));
        using FeatureStatistics second = FeatureStatistics.FromMoments(torch.tensor(shift), torch.diag(torch.tensor(b)));
        double expected = shift.Sum(s => s * s) + a.Zip(b, (x, y) => Math.Pow(Math.Sqrt(x) - Math.Sqrt(y), 2)).Sum();
        Assert.Equal(expected, FrechetDistance.Compute(first, second), 1e-12);
        Assert.Equal(expected, FrechetDistance.Compute(second, first), 1e-12);
    }

    [Fact]
    public void Compute_RotatedByTheSameMatrix_IsUnchanged()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = TestFeatures.Normal(60, 12, 1);
        torch.Tensor y = TestFeatures.Normal(70, 12, 2, 1.5).Plus(0.3);
        (torch.Tensor rotation, _) = torch.linalg.qr(TestFeatures.Normal(12, 12, 3).to(torch.float64));
        double rotated = FrechetDistance.Compute(x.to(torch.float64).matmul(rotation), y.to(torch.float64).matmul(rotation));
        Assert.Equal(FrechetDistance.Compute(x, y), rotated, 1e-10);
    }

    [Fact]
    public void Compute_FewerImagesThanFeaturesAgainstThemselves_IsZero()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = TestFeatures.Normal(9, 40, 4, 100);
        Assert.InRange(FrechetDistance.Compute(x, x), 0, 1e-8);
    }

    [Fact]
    public void Compute_ConstantFeatures_IsTheDistanceOfTheMeans()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Equal(3.0, FrechetDistance.Compute(torch.zeros(5, 3), torch.ones(4, 3)), 1e-12);
    }

    [Fact]
    public void Compute_OtherFeatures_NamesBoth()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using FeatureStatistics a = FeatureStatistics.Compute(TestFeatures.Normal(5, 3, 1), "first network");
        using FeatureStatistics b = FeatureStatistics.Compute(TestFeatures.Normal(5, 3, 1), "second network");
        using FeatureStatistics c = FeatureStatistics.Compute(TestFeatures.Normal(5, 4, 1));
        string names = Assert.Throws<ArgumentException>(() => FrechetDistance.Compute(a, b)).Message;
        Assert.Contains("first network", names, StringComparison.Ordinal);
        Assert.Contains("second network", names, StringComparison.Ordinal);
        Assert.Contains("of 3 and 4 features", Assert.Throws<ArgumentException>(
            () => FrechetDistance.Compute(a, c)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_LeavesNoTensors()
    {
        torch.Tensor x = TestFeatures.Normal(20, 6, 1);
        torch.Tensor y = TestFeatures.Normal(20, 6, 2);
        FrechetDistance.Compute(x, y);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        FrechetDistance.Compute(x, y);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        x.Dispose();
        y.Dispose();
    }
}
