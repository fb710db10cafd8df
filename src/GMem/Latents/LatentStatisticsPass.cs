using GMem.Autoencoders;
using GMem.FileFormats;

namespace GMem.Latents;

/// <summary>
/// Mean and deviation of each channel of cached latents, as training sees them: what is drawn has the variance of the means and that of the
/// drawing.
/// </summary>
internal static class LatentStatisticsPass
{
    private const long RowsAtOnce = 1024;

    /// <exception cref="ArgumentException">A channel is constant or not finite.</exception>
    public static LatentStatistics Compute(EncodedRows encoded, CancellationToken cancellationToken) =>
        Compute(encoded[EncodedTable.Latents], encoded.Find(EncodedTable.Deviations), cancellationToken);

    public static LatentStatistics Compute(RowSource means, RowSource? deviations, CancellationToken cancellationToken)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using LatentMoments moments = new();
        torch.Tensor drawn = torch.zeros(means.RowShape[0], dtype: torch.float64);
        for (long start = 0; start < means.Count; start += RowsAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope piece = torch.NewDisposeScope();
            long count = Math.Min(RowsAtOnce, means.Count - start);
            moments.Add(means.Range(start, count));
            if (deviations is not null)
            {
                torch.Tensor variance = deviations.Range(start, count).to(torch.float64).Squared();
                _ = drawn.PlusInPlace(variance.mean([0, 2, 3]).TimesInPlace((double)count / means.Count));
            }
        }

        LatentStatistics ofMeans = moments.ToStatistics();
        double[] added = drawn.data<double>().ToArray();
        return new LatentStatistics(
            ofMeans.Mean, [.. ofMeans.StandardDeviation.Select((s, c) => (float)Math.Sqrt(((double)s * s) + added[c]))]);
    }
}
