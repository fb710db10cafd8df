using GMem.Evaluation;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Evaluation;

public sealed class ImageGenerationEvaluatorTests
{
    [Fact]
    public void Evaluate_TwoSets_GivesWhatTheMetricsGive()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using FeatureSet real = Set(40, 1, 0, all: true);
        using FeatureSet generated = Set(30, 2, 0.5, all: true);
        ImageGenerationMetrics metrics = ImageGenerationEvaluator.Evaluate(
            real, generated, new EvaluationOptions { InceptionSplits = 3, KernelSubsets = 4 });
        Assert.Equal(FrechetDistance.Compute(real.Features, generated.Features), metrics.FrechetDistance, 1e-9);
        Assert.Equal(
            FrechetDistance.Compute(real.SpatialFeatures!, generated.SpatialFeatures!), metrics.SpatialFrechetDistance!.Value, 1e-9);
        Assert.Equal(ManifoldMetrics.Compute(real.Features, generated.Features, [3, 5]), metrics.Manifolds);
        Assert.Equal(InceptionScore.Compute(generated.Logits!, 3).Mean, metrics.InceptionScore!.Mean, 1e-12);
        Assert.Equal(InceptionScore.Compute(real.Logits!, 3).Mean, metrics.RealInceptionScore!.Mean, 1e-12);
        Assert.Equal((15, 4), (metrics.KernelDistance!.SubsetSize, metrics.KernelDistance.Subsets.Count));
        Assert.Equal((40L, 30L, 5), (metrics.RealCount, metrics.GeneratedCount, metrics.FeatureCount));
        Assert.Equal(2, metrics.Warnings.Count);
    }

    [Fact]
    public void ToString_AllMetrics_NamesFeaturesCountsAndFigures()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using FeatureSet real = Set(40, 1, 0, all: true);
        using FeatureSet generated = Set(5, 2, 0, all: true);
        CopyCheckResult copies = CopyCheck.Compute(real.Features, generated.Features);
        EvaluationOptions options = new() { InceptionSplits = 2, KernelSubsets = 4, Neighbours = [3], RecommendedSampleCount = 30 };
        string text = ImageGenerationEvaluator.Evaluate(real, generated, options, copies).ToString();
        Assert.All(
            new[]
            {
                "made up, 5 of each image",
                "40 real, 5 generated",
                "Frechet distance",
                "spatial (sFID)",
                "4 subsets of 2",
                "2 splits",
                "k = 3",
                "precision",
                "coverage",
                "Copies",
                "5 generated images are not more than the 5 features",
            },
            part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.DoesNotContain("40 real images are", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_SavedStatistics_GivesTheSameDistance()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using FeatureSet real = Set(40, 1, 0, all: true);
        using FeatureSet generated = Set(30, 2, 0.5, all: true);
        using FeatureStatistics saved = real.ToStatistics();
        using FeatureStatistics spatial = FeatureStatistics.Compute(real.SpatialFeatures!);
        ImageGenerationMetrics full = ImageGenerationEvaluator.Evaluate(real, generated);
        ImageGenerationMetrics brief = ImageGenerationEvaluator.Evaluate(saved, generated, realSpatial: spatial);
        Assert.Equal(full.FrechetDistance, brief.FrechetDistance, 1e-12);
        Assert.Equal(full.SpatialFrechetDistance!.Value, brief.SpatialFrechetDistance!.Value, 1e-12);
        Assert.Equal(full.InceptionScore!.Splits, brief.InceptionScore!.Splits);
        Assert.Null(brief.KernelDistance);
        Assert.Empty(brief.Manifolds);
    }

    [Fact]
    public void Evaluate_FeaturesOnly_LeavesOutTheRest()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using FeatureSet real = Set(40, 1, 0, all: false);
        ImageGenerationMetrics metrics = ImageGenerationEvaluator.Evaluate(
            real, real, new EvaluationOptions { RecommendedSampleCount = 40 });
        Assert.Null(metrics.SpatialFrechetDistance);
        Assert.Null(metrics.InceptionScore);
        Assert.Empty(metrics.Warnings);
        Assert.Equal(0, metrics.FrechetDistance, 1e-9);
    }

    [Fact]
    public void Evaluate_OtherFeaturesOrSettings_SaysWhatIsWrong()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using FeatureSet real = Set(40, 1, 0, all: false);
        using FeatureSet other = FeatureSet.FromFeatures("another", TestFeatures.Normal(40, 5, 2));
        Assert.Contains("'another'", Assert.Throws<ArgumentException>(
            () => ImageGenerationEvaluator.Evaluate(real, other)).Message, StringComparison.Ordinal);
        string faults = Assert.Throws<ArgumentException>(() => new EvaluationOptions
        {
            Neighbours = [0],
            KernelSubsets = 0,
            KernelSubsetSize = 1,
            InceptionSplits = 0,
            RecommendedSampleCount = -1,
        }.Validate()).Message;
        Assert.All(new[] { "Neighbours", "KernelSubsets", "KernelSubsetSize", "InceptionSplits", "RecommendedSampleCount" },
            f => Assert.Contains(f, faults, StringComparison.Ordinal));
        Assert.Contains("of 40 images and logits of 3", Assert.Throws<ArgumentException>(
            () => FeatureSet.FromFeatures("x", real.Features, logits: torch.zeros(3, 2))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_LeavesNoTensors()
    {
        using FeatureSet real = Set(40, 1, 0, all: true);
        using FeatureSet generated = Set(30, 2, 0.5, all: true);
        EvaluationOptions options = new() { KernelSubsets = 2 };
        ImageGenerationEvaluator.Evaluate(real, generated, options);
        CopyCheck.Compute(real.Features, generated.Features);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        ImageGenerationEvaluator.Evaluate(real, generated, options);
        CopyCheck.Compute(real.Features, generated.Features);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static FeatureSet Set(int count, ulong seed, double shift, bool all)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor features = TestFeatures.Normal(count, 5, seed).Plus(shift);
        return all
            ? FeatureSet.FromFeatures(
                "made up", features, TestFeatures.Normal(count, 3, seed + 10).Plus(shift), TestFeatures.Normal(count, 4, seed + 20))
            : FeatureSet.FromFeatures("made up", features);
    }
}
