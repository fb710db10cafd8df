namespace GMem.Evaluation;

/// <summary>Computes every metric that the given features support.</summary>
public static class ImageGenerationEvaluator
{
    /// <summary>The published subset size for the kernel distance.</summary>
    private const int KernelSubsetSize = 1000;

    /// <summary>Minimum number of images per set for which every metric is defined.</summary>
    private const int FewestImages = 4;

    /// <summary>Compares generated images with real ones, using all metrics.</summary>
    /// <param name="real">Features of the real images, at least 4 and more than the largest k.</param>
    /// <param name="generated">Features of the generated images, at least 4 and more than the largest k.</param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="copies">A copy check to include in the report, or null.</param>
    /// <returns>The metrics.</returns>
    /// <exception cref="ArgumentException">
    /// The sets have different features, are too small, or contain NaN; or a setting is out of range.
    /// </exception>
    public static ImageGenerationMetrics Evaluate(
        FeatureSet real, FeatureSet generated, EvaluationOptions? options = null, CopyCheckResult? copies = null)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        options ??= new EvaluationOptions();
        options.Validate();
        if (real.Name != generated.Name)
        {
            throw new ArgumentException(
                $"The real images have the features '{real.Name}', the generated ones '{generated.Name}'; both must come from the same "
                + "feature network.", nameof(generated));
        }

        using UseScope realUse = real.Use();
        using UseScope generatedUse = generated.Use();
        FeatureMatrix.CheckPair(real.Features, generated.Features, FewestImages);
        using FeatureStatistics statistics = real.ToStatistics();
        return new ImageGenerationMetrics
        {
            FeatureName = generated.Name,
            FeatureCount = generated.Dimension,
            RealCount = real.Count,
            GeneratedCount = generated.Count,
            FrechetDistance = Frechet(statistics, generated.Features),
            SpatialFrechetDistance = real.SpatialFeatures is { } s && generated.SpatialFeatures is { } t
                ? FrechetDistance.Compute(s, t)
                : null,
            KernelDistance = KernelDistance.Compute(
                real.Features, generated.Features, KernelOptions(options, Math.Min(real.Count, generated.Count))),
            InceptionScore = Score(generated.Logits, options),
            RealInceptionScore = Score(real.Logits, options),
            Manifolds = ManifoldMetrics.Compute(real.Features, generated.Features, options.Neighbours),
            Copies = copies,
            Warnings = Warnings(real.Count, generated.Count, generated.Dimension, options),
        };
    }

    /// <summary>
    /// Compares generated images with saved statistics of real ones, using the metrics that need nothing else: Frechet distance and
    /// Inception score.
    /// </summary>
    /// <param name="real">Statistics of the real images.</param>
    /// <param name="generated">Features of the generated images, at least 4.</param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="realSpatial">Statistics of the real images' spatial features, or null.</param>
    /// <param name="copies">A copy check to include in the report, or null.</param>
    /// <returns>The metrics.</returns>
    /// <exception cref="ArgumentException">The features differ, there are too few images, the features contain NaN, or a setting is out of
    /// range.</exception>
    public static ImageGenerationMetrics Evaluate(
        FeatureStatistics real,
        FeatureSet generated,
        EvaluationOptions? options = null,
        FeatureStatistics? realSpatial = null,
        CopyCheckResult? copies = null)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        options ??= new EvaluationOptions();
        options.Validate();
        using UseScope realUse = real.Use();
        using UseScope generatedUse = generated.Use();
        using UseScope spatialUse = realSpatial is null ? default : realSpatial.Use();
        FeatureMatrix.Check(generated.Features, nameof(generated), FewestImages);
        using FeatureStatistics own = generated.ToStatistics();
        return new ImageGenerationMetrics
        {
            FeatureName = generated.Name,
            FeatureCount = generated.Dimension,
            RealCount = real.Count,
            GeneratedCount = generated.Count,
            FrechetDistance = FrechetDistance.Compute(real, own),
            SpatialFrechetDistance = realSpatial is not null && generated.SpatialFeatures is { } spatial
                ? Frechet(realSpatial, spatial)
                : null,
            InceptionScore = Score(generated.Logits, options),
            Copies = copies,
            Warnings = Warnings(real.Count, generated.Count, generated.Dimension, options),
        };
    }

    private static double Frechet(FeatureStatistics real, torch.Tensor generated)
    {
        using FeatureStatistics statistics = FeatureStatistics.Compute(generated);
        return FrechetDistance.Compute(real, statistics);
    }

    private static InceptionScoreResult? Score(torch.Tensor? logits, EvaluationOptions options) =>
        logits is null ? null : InceptionScore.Compute(logits, (int)Math.Min(options.InceptionSplits, logits.shape[0]), options.Seed);

    private static KernelDistanceOptions KernelOptions(EvaluationOptions options, long smaller) => new()
    {
        Subsets = options.KernelSubsets,
        SubsetSize = options.KernelSubsetSize ?? (int)Math.Min(KernelSubsetSize, smaller / 2),
        Seed = options.Seed,
    };

    private static List<string> Warnings(long? real, long generated, int dimension, EvaluationOptions options)
    {
        List<string> warnings = [];
        Warn("generated", generated);
        if (real is long count)
        {
            Warn("real", count);
        }
        else
        {
            warnings.Add("the statistics of the real images do not record the number of images");
        }

        return warnings;

        void Warn(string which, long n)
        {
            if (n <= dimension)
            {
                warnings.Add(
                    string.Create(CultureInfo.InvariantCulture, $"{n:N0} {which} images are not more than the {dimension:N0} features: "
                    + $"the covariance does not have full rank, and the Frechet distance is far too large"));
            }
            else if (n < options.RecommendedSampleCount)
            {
                warnings.Add(
                    string.Create(CultureInfo.InvariantCulture, $"{n:N0} {which} images are fewer than the recommended "
                    + $"{options.RecommendedSampleCount:N0}: the Frechet distance is biased upwards; compare it only at equal counts"));
            }
        }
    }
}
