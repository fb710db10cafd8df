using GMem.Evaluation;

namespace GMem.Tool.Commands;

/// <summary>The figures of an evaluation for <c>--json</c>, without the many pairs of the copy check.</summary>
internal static class MetricsValue
{
    public static object Of(ImageGenerationMetrics metrics, IReadOnlyList<object> images) => new
    {
        Images = images.Count > 0 ? images : null,
        metrics.FeatureName,
        metrics.FeatureCount,
        metrics.RealCount,
        metrics.GeneratedCount,
        metrics.FrechetDistance,
        metrics.SpatialFrechetDistance,
        KernelDistance = metrics.KernelDistance is { } kernel
            ? new { kernel.Mean, kernel.StandardDeviation, kernel.StandardError, kernel.SubsetSize }
            : null,
        InceptionScore = metrics.InceptionScore is { } score ? new { score.Mean, score.StandardDeviation } : null,
        RealInceptionScore = metrics.RealInceptionScore is { } real ? new { real.Mean, real.StandardDeviation } : null,
        metrics.Manifolds,
        Copies = metrics.Copies is { } copies
            ? new { copies.Share, copies.CopyCount, copies.GeneratedCount, copies.TrainingCount, copies.ByMemoryIndex }
            : null,
        metrics.Warnings,
    };
}
