using GMem.Evaluation;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Evaluation;

public sealed class FeatureStatisticsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(1024)]
    [InlineData(2500)]
    public void Accumulator_AnyBatchSize_GivesTheSameBits(int batch)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor features = TestFeatures.Normal(2500, 5, 1).Plus(1000);
        using FeatureStatistics whole = FeatureStatistics.Compute(features);
        using FeatureStatisticsAccumulator accumulator = new(5);
        for (int start = 0; start < 2500; start += batch)
        {
            accumulator.Add(features.narrow(0, start, Math.Min(batch, 2500 - start)));
        }

        using FeatureStatistics pieces = accumulator.ToStatistics();
        Assert.Equal(2500, pieces.Count);
        ReferenceFolder.Close(pieces.Mean, whole.Mean, 0, 0, "mean");
        ReferenceFolder.Close(pieces.Covariance, whole.Covariance, 0, 0, "covariance");
    }

    [Fact]
    public void Compute_FarFromZeroOverSeveralBlocks_IsTheTextbookCovariance()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor features = TestFeatures.Normal(2500, 6, 2).Plus(1000);
        torch.Tensor exact = features.to(torch.float64);
        torch.Tensor centred = exact - exact.mean([0]);
        using FeatureStatistics statistics = FeatureStatistics.Compute(features);
        ReferenceFolder.Close(statistics.Mean, exact.mean([0]), 0, 1e-14, "mean");
        ReferenceFolder.Close(statistics.Covariance, centred.t().matmul(centred).DividedBy(2499), 1e-12, 1e-12, "covariance");
    }

    [Fact]
    public void ToStatistics_BetweenAdditions_CountsWhatIsThere()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor features = TestFeatures.Normal(1500, 3, 3);
        using FeatureStatisticsAccumulator accumulator = new(3);
        accumulator.Add(features.narrow(0, 0, 1100));
        using FeatureStatistics early = accumulator.ToStatistics();
        accumulator.Add(features.narrow(0, 1100, 400));
        using FeatureStatistics late = accumulator.ToStatistics();
        using FeatureStatistics expectedEarly = FeatureStatistics.Compute(features.narrow(0, 0, 1100));
        using FeatureStatistics expectedLate = FeatureStatistics.Compute(features);
        ReferenceFolder.Close(early.Covariance, expectedEarly.Covariance, 0, 0, "early");
        ReferenceFolder.Close(late.Covariance, expectedLate.Covariance, 0, 0, "late");
    }

    [Fact]
    public void Compute_Unusable_SaysWhy()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor holed = TestFeatures.Normal(5, 3, 1);
        holed[3, 1] = float.NaN;
        Assert.Contains(
            "Row 3", Assert.Throws<ArgumentException>(() => FeatureStatistics.Compute(holed)).Message, StringComparison.Ordinal);
        Assert.Contains("at least 2", Assert.Throws<ArgumentException>(
            () => FeatureStatistics.Compute(torch.zeros(1, 3))).Message, StringComparison.Ordinal);
        Assert.Contains("[2, 3, 4]", Assert.Throws<ArgumentException>(
            () => FeatureStatistics.Compute(torch.zeros(2, 3, 4))).Message, StringComparison.Ordinal);
        Assert.Contains("Int64", Assert.Throws<ArgumentException>(
            () => FeatureStatistics.Compute(torch.zeros(2, 3, torch.int64))).Message, StringComparison.Ordinal);
        using FeatureStatisticsAccumulator empty = new(3);
        Assert.Contains("0 were added", Assert.Throws<InvalidOperationException>(empty.ToStatistics).Message, StringComparison.Ordinal);
        Assert.Contains("3", Assert.Throws<ArgumentException>(() => empty.Add(torch.zeros(2, 4))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".npz")]
    [InlineData(".safetensors")]
    public void Save_ThenLoad_GivesTheSameBits(string extension)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        string path = TestFeatures.TemporaryPath(extension);
        using FeatureStatistics saved = FeatureStatistics.Compute(TestFeatures.Normal(50, 7, 5), "some features");
        try
        {
            saved.Save(path);
            using FeatureStatistics loaded = FeatureStatistics.Load(path);
            Assert.Equal(50, loaded.Count);
            Assert.Equal(extension == ".npz" ? null : "some features", loaded.Name);
            ReferenceFolder.Close(loaded.Mean, saved.Mean, 0, 0, "mean");
            ReferenceFolder.Close(loaded.Covariance, saved.Covariance, 0, 0, "covariance");
            Assert.Equal(0, FrechetDistance.Compute(saved, loaded), 1e-9);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Save_UnknownExtension_Refuses()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using FeatureStatistics statistics = FeatureStatistics.Compute(TestFeatures.Normal(5, 2, 1));
        Assert.Contains(".npz or .safetensors", Assert.Throws<ArgumentException>(
            () => statistics.Save("statistics.bin")).Message, StringComparison.Ordinal);
        Assert.Contains("not symmetric", Assert.Throws<ArgumentException>(() => FeatureStatistics.FromMoments(
            torch.zeros(2), torch.tensor(new float[,] { { 1, 0 }, { 1, 1 } }))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 0, -1, "negative variance on its diagonal, -1")]
    [InlineData(1, 2, 1, "not positive semidefinite")]
    [InlineData(0, 1, 0, "negative variance")]
    [InlineData(1, 1, 1, null)]
    [InlineData(0, 0, 0, null)]
    [InlineData(1, 0, -1e-9, null)]
    public void FromMoments_WhatIsNoCovariance_IsRefusedByName(double first, double both, double second, string? fault)
    {
        using torch.Tensor mean = torch.zeros(2), covariance = torch.tensor(new double[,] { { first, both }, { both, second } });
        if (fault is null)
        {
            FeatureStatistics.FromMoments(mean, covariance).Dispose();
            return;
        }

        Assert.Contains(fault, Assert.Throws<ArgumentException>(() => FeatureStatistics.FromMoments(mean, covariance)).Message);
    }
}
