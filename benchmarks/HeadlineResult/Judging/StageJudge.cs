using GMem.Evaluation;
using HeadlineResult.Runs;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>
/// Judges images in some features against one half of the test images; the other half tells how far real images are from real ones.
/// </summary>
internal sealed class StageJudge : IDisposable
{
    private readonly FeatureExtractor _extractor;
    private readonly torch.Tensor _training;
    private readonly torch.Tensor _reference;
    private readonly CopyJudge _copies;
    private readonly FeatureStatistics _statistics;

    /// <param name="features">Stay the caller's.</param>
    /// <param name="data">Training and test images.</param>
    /// <param name="half">Which half of the test images is the reference.</param>
    /// <param name="few">The smaller number of samples.</param>
    /// <param name="cache">Folder that keeps the features of training and test images.</param>
    public StageJudge(JudgeFeatures features, JudgeData data, TestHalf half, int few, string cache)
    {
        _extractor = features.Extractor;
        (_training, _) = FeatureCache.Get(Path.Combine(cache, "training"), _extractor, data.Training);
        (torch.Tensor test, _) = FeatureCache.Get(Path.Combine(cache, "test"), _extractor, data.Test);
        using torch.Tensor allTest = test;
        _reference = half.Reference(test);
        _statistics = FeatureStatistics.Compute(_reference, _extractor.Name);
        _copies = new CopyJudge(_training, _reference);
        using torch.Tensor other = half.Other(test);
        using torch.Tensor fewOthers = other.narrow(0, 0, Math.Min(few, other.shape[0]));
        using torch.Tensor noise = Degradations.UniformNoise(few);
        using torch.Tensor ofNoise = features.Of(noise);
        using torch.Tensor mean = Mean(data.Training, few);
        using torch.Tensor ofMean = features.Of(mean);
        Scale = new JudgeScale(
            features.Accuracy,
            Distance(other),
            Distance(fewOthers),
            Distance(ofNoise),
            Distance(ofMean),
            _copies.Share(other),
            _copies.Share(ofNoise));
    }

    public string FeatureName => _extractor.Name;

    public JudgeScale Scale { get; }

    /// <summary>The verdict on each of some numbers of samples, smaller ones being the first of them.</summary>
    /// <param name="samples">The images.</param>
    /// <param name="snippets">What they were made of, for the verdict.</param>
    /// <param name="counts">The numbers.</param>
    public IEnumerable<StageVerdict> Look(Samples samples, string snippets, IEnumerable<int> counts)
    {
        using FeatureSet all = FeatureSet.Compute(_extractor, samples.Images);
        foreach (int count in counts)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor features = all.Features.narrow(0, 0, count);
            ManifoldScores manifold = ManifoldMetrics.Compute(_reference.narrow(0, 0, Math.Min(count, _reference.shape[0])), features);
            yield return new StageVerdict(
                snippets, count, Distance(features), manifold.Precision, manifold.Recall, _copies.Share(features));
        }
    }

    public void Dispose()
    {
        _training.Dispose();
        _reference.Dispose();
        _statistics.Dispose();
    }

    private static torch.Tensor Mean(torch.Tensor images, int count)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor mean = images.mean([0L], keepdim: true, type: torch.float32).round().to(torch.uint8);
        return mean.repeat(count, 1, 1, 1).MoveToOuterDisposeScope();
    }

    private double Distance(torch.Tensor features)
    {
        using FeatureStatistics own = FeatureStatistics.Compute(features, _extractor.Name);
        return FrechetDistance.Compute(_statistics, own);
    }
}
