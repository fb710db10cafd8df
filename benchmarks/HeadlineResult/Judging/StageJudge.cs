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
    private readonly FeatureStatistics _statistics;

    /// <param name="extractor">The features. Stays the caller's.</param>
    /// <param name="accuracy">Of the classifier that they are of, or null.</param>
    /// <param name="data">Training and test images.</param>
    /// <param name="half">Which half of the test images is the reference.</param>
    /// <param name="few">The smaller number of samples.</param>
    /// <param name="cache">Folder that keeps the features of training and test images.</param>
    public StageJudge(FeatureExtractor extractor, double? accuracy, JudgeData data, TestHalf half, int few, string cache)
    {
        _extractor = extractor;
        (_training, _) = FeatureCache.Get(Path.Combine(cache, "training"), extractor, data.Training);
        (torch.Tensor test, _) = FeatureCache.Get(Path.Combine(cache, "test"), extractor, data.Test);
        using torch.Tensor allTest = test;
        _reference = half.Reference(test);
        _statistics = FeatureStatistics.Compute(_reference, extractor.Name);
        using torch.Tensor other = half.Other(test);
        using torch.Tensor fewOthers = other.narrow(0, 0, Math.Min(few, other.shape[0]));
        Scale = new JudgeScale(
            accuracy,
            Distance(other),
            Distance(fewOthers),
            DistanceOf(Noise(few)),
            DistanceOf(Mean(data.Training, few)),
            CopyCheck.Compute(_training, other).Share);
    }

    public string FeatureName => _extractor.Name;

    public JudgeScale Scale { get; }

    /// <summary>The verdict on each of some numbers of samples, smaller ones being the first of them.</summary>
    /// <param name="samples">The images.</param>
    /// <param name="snippets">What they were made of, for the verdict.</param>
    /// <param name="areEntriesTraining">Whether entries are rows of the training images.</param>
    /// <param name="counts">The numbers.</param>
    public IEnumerable<StageVerdict> Look(Samples samples, string snippets, bool areEntriesTraining, IEnumerable<int> counts)
    {
        using FeatureSet all = FeatureSet.Compute(_extractor, samples.Images);
        foreach (int count in counts)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor features = all.Features.narrow(0, 0, count);
            ManifoldScores manifold = ManifoldMetrics.Compute(_reference.narrow(0, 0, Math.Min(count, _reference.shape[0])), features);
            double copies = CopyCheck.Compute(_training, features, areEntriesTraining ? [.. samples.Entries.Take(count)] : null).Share;
            yield return new StageVerdict(snippets, count, Distance(features), manifold.Precision, manifold.Recall, copies);
        }
    }

    public void Dispose()
    {
        _training.Dispose();
        _reference.Dispose();
        _statistics.Dispose();
    }

    private static torch.Tensor Noise(int count)
    {
        using torch.Generator generator = new(3);
        return torch.randint(256, [count, 3, ImageData.Size, ImageData.Size], generator: generator, dtype: torch.uint8);
    }

    private static torch.Tensor Mean(torch.Tensor images, int count)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor mean = images.mean([0L], keepdim: true, type: torch.float32).round().to(torch.uint8);
        return mean.repeat(count, 1, 1, 1).MoveToOuterDisposeScope();
    }

    private double DistanceOf(torch.Tensor images)
    {
        using torch.Tensor disposed = images;
        using FeatureSet set = FeatureSet.Compute(_extractor, images);
        return Distance(set.Features);
    }

    private double Distance(torch.Tensor features)
    {
        using FeatureStatistics own = FeatureStatistics.Compute(features, _extractor.Name);
        return FrechetDistance.Compute(_statistics, own);
    }
}
