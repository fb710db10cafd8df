using GMem.Evaluation;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Evaluation;

public sealed class KernelDistanceTests
{
    [Fact]
    public void Polynomial_OverSeveralBlocks_IsTheDirectSum()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = TestFeatures.Normal(1100, 4, 1);
        torch.Tensor y = TestFeatures.Normal(1300, 4, 2).Plus(0.1);
        torch.Tensor xx = Kernel(x, x);
        torch.Tensor yy = Kernel(y, y);
        double expected = (xx.sum() - xx.trace()).DividedBy(1100.0 * 1099)
            .item<double>() + (yy.sum() - yy.trace()).DividedBy(1300.0 * 1299).item<double>() - (2 * Kernel(x, y).mean().item<double>());
        Assert.Equal(expected, MaximumMeanDiscrepancy.Polynomial(x, y), 1e-12);
    }

    [Fact]
    public void Compute_SameSeed_SameSubsets()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = TestFeatures.Normal(60, 4, 1);
        torch.Tensor y = TestFeatures.Normal(50, 4, 2);
        KernelDistanceResult first = KernelDistance.Compute(x, y, new KernelDistanceOptions { Subsets = 5, SubsetSize = 20, Seed = 3 });
        KernelDistanceResult again = KernelDistance.Compute(x, y, new KernelDistanceOptions { Subsets = 5, SubsetSize = 20, Seed = 3 });
        KernelDistanceResult other = KernelDistance.Compute(x, y, new KernelDistanceOptions { Subsets = 5, SubsetSize = 20, Seed = 4 });
        Assert.Equal(first.Subsets, again.Subsets);
        Assert.NotEqual(first.Subsets, other.Subsets);
        Assert.Equal(5, first.Subsets.Distinct().Count());
    }

    /// <summary>
    /// The stated error against the scatter of the result over many independent pairs of sets; a naive one would be several times too
    /// small.
    /// </summary>
    [Fact]
    public void StandardError_ManyIndependentSets_IsTheirScatter()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        const int Trials = 60;
        KernelDistanceOptions options = new() { Subsets = 30, SubsetSize = 50 };
        double[] means = new double[Trials];
        double[] errors = new double[Trials];
        for (int i = 0; i < Trials; i++)
        {
            using DisposeScope inner = torch.NewDisposeScope();
            torch.Tensor x = TestFeatures.Normal(200, 4, (ulong)(2 * i) + 1);
            torch.Tensor y = TestFeatures.Normal(200, 4, (ulong)(2 * i) + 2).Plus(0.5);
            KernelDistanceResult result = KernelDistance.Compute(x, y, options);
            means[i] = result.Mean;
            errors[i] = result.StandardError;
        }

        double mean = means.Average();
        double scatter = Math.Sqrt(means.Sum(m => (m - mean) * (m - mean)) / (Trials - 1));
        Assert.InRange(errors.Average() / scatter, 0.7, 1.4);
    }

    [Fact]
    public void Compute_Unusable_SaysWhy()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = TestFeatures.Normal(60, 4, 1);
        Assert.Contains("60 real and 60 generated", Assert.Throws<ArgumentException>(
            () => KernelDistance.Compute(x, x)).Message, StringComparison.Ordinal);
        string faults = Assert.Throws<ArgumentException>(
            () => new KernelDistanceOptions { Subsets = 0, SubsetSize = 1, Degree = 0, Gamma = 0, Coefficient = -1 }.Validate()).Message;
        Assert.All(new[] { "Subsets is 0", "SubsetSize is 1", "Degree is 0", "Gamma is 0", "Coefficient is -1" }, f => Assert.Contains(
            f, faults, StringComparison.Ordinal));
        torch.Tensor rows = torch.tensor(new long[,] { { 0, 60 } });
        Assert.Contains(
            "0 to 60", Assert.Throws<ArgumentException>(() => KernelDistance.Compute(x, x, rows, rows)).Message, StringComparison.Ordinal);
        Assert.Contains("equal size", Assert.Throws<ArgumentException>(
            () => MaximumMeanDiscrepancy.Polynomial(x, x.narrow(0, 0, 5), MmdEstimator.UStatistic)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StandardError_SubsetsOfEverything_IsNotANumber()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = TestFeatures.Normal(20, 4, 1);
        Assert.True(double.IsNaN(KernelDistance.Compute(x, x, new KernelDistanceOptions { Subsets = 3, SubsetSize = 20 }).StandardError));
    }

    private static torch.Tensor Kernel(torch.Tensor a, torch.Tensor b) =>
        a.to(torch.float64).matmul(b.to(torch.float64).t()).DividedBy(4).Plus(1).ToThePower(3);
}
