using System.Text;

namespace GMem.Evaluation;

/// <summary>Scores of generated images, with what is needed to interpret them: the features, the counts, and warnings.</summary>
public sealed class ImageGenerationMetrics
{
    /// <summary>Name of the features (<see cref="FeatureExtractor.Name"/>); scores from different features cannot be compared.</summary>
    public required string FeatureName { get; init; }

    /// <summary>D, the number of features.</summary>
    public required int FeatureCount { get; init; }

    /// <summary>Number of real images, or null if they come from a statistics file that does not store it.</summary>
    public required long? RealCount { get; init; }

    /// <summary>Number of generated images.</summary>
    public required long GeneratedCount { get; init; }

    /// <summary>Frechet distance (squared, at least 0; lower is better). It is the FID only with the Inception features.</summary>
    public required double FrechetDistance { get; init; }

    /// <summary>Frechet distance of the spatial features (sFID), or null if there are none.</summary>
    public double? SpatialFrechetDistance { get; init; }

    /// <summary>
    /// Kernel distance (lower is better, about 0 for equal distributions), or null if only statistics of the real images are known.
    /// </summary>
    public KernelDistanceResult? KernelDistance { get; init; }

    /// <summary>Inception score of the generated images (higher is better), or null if there are no logits.</summary>
    public InceptionScoreResult? InceptionScore { get; init; }

    /// <summary>Inception score of the real images as a baseline, or null.</summary>
    public InceptionScoreResult? RealInceptionScore { get; init; }

    /// <summary>
    /// Precision, recall, density and coverage, one entry for each k; empty if only statistics of the real images are known.
    /// </summary>
    public IReadOnlyList<ManifoldScores> Manifolds { get; init; } = [];

    /// <summary>The copy check, or null if none was given.</summary>
    public CopyCheckResult? Copies { get; init; }

    /// <summary>Reasons to treat the scores with caution, such as too few images; empty if there are none.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>A table of all scores, one per line, with the counts first and the warnings last.</summary>
    /// <returns>Several lines; numbers are formatted with the invariant culture.</returns>
    public override string ToString()
    {
        StringBuilder text = new();
        Line(text, "Features", $"{FeatureName}, {FeatureCount:N0} of each image");
        Line(text, "Images", $"{(RealCount is long n ? $"{n:N0}" : "an unknown number of")} real, {GeneratedCount:N0} generated");
        Line(text, "Frechet distance", $"{FrechetDistance:g6}");
        if (SpatialFrechetDistance is double spatial)
        {
            Line(text, "  spatial (sFID)", $"{spatial:g6}");
        }

        if (KernelDistance is KernelDistanceResult kernel)
        {
            (int count, int size) = (kernel.Subsets.Count, kernel.SubsetSize);
            Line(text, "Kernel distance",
                $"{kernel.Mean:g4} +- {kernel.StandardError:g2} (standard error; {count:N0} subsets of {size:N0})");
        }

        if (InceptionScore is InceptionScoreResult score)
        {
            string ofReal = RealInceptionScore is InceptionScoreResult real
                ? string.Create(CultureInfo.InvariantCulture, $"; real images {real.Mean:f3}")
                : "";
            Line(text, "Inception score", $"{score.Mean:f3} +- {score.StandardDeviation:f3} ({score.Splits.Count} splits){ofReal}");
        }

        foreach (ManifoldScores m in Manifolds)
        {
            Line(
                text,
                $"k = {m.Neighbours}",
                $"precision {m.Precision:f4}, recall {m.Recall:f4}, density {m.Density:f4}, coverage {m.Coverage:f4}");
        }

        if (Copies is CopyCheckResult copies)
        {
            Line(text, "Copies", $"{copies}");
        }

        foreach (string warning in Warnings)
        {
            Line(text, "Warning", $"{warning}");
        }

        return text.ToString().TrimEnd();
    }

    private static void Line(StringBuilder text, string label, FormattableString value) =>
        text.Append(CultureInfo.InvariantCulture, $"{label,-18} ").AppendLine(FormattableString.Invariant(value));
}
