using TorchSharp;

namespace GMem.MLNet.Featurization;

/// <summary>
/// From the vectors of a featurizer to snippets: their coordinates along the directions in which those of the training images vary most, or
/// the vectors themselves; at unit length. Owns its tensors. Thread-safe.
/// </summary>
internal sealed class SnippetReduction : IDisposable
{
    /// <summary>A covariance of more is too large to be decomposed in reasonable time.</summary>
    public const int LargestDimension = 8192;

    /// <summary>Rows at once; fixed, because a matrix product with another number of rows may round differently.</summary>
    private const int RowsAtOnce = 64;

    private const int FittedRowsAtOnce = 4096;

    /// <summary>A direction with less than this fraction of the largest variance is rounding noise.</summary>
    private const double SmallestVariance = 1e-9;

    /// <summary>Takes ownership of both.</summary>
    /// <param name="mean">float64 <c>[D]</c>, which is subtracted.</param>
    /// <param name="components">float32 <c>[m, D]</c>, or null to keep all.</param>
    public SnippetReduction(torch.Tensor mean, torch.Tensor? components)
    {
        Mean = mean.DetachFromDisposeScope();
        Components = components?.DetachFromDisposeScope();
        if (Components is not null)
        {
            using torch.Tensor transposed = Components.t();
            _projection = transposed.to(torch.float64).DetachFromDisposeScope();
        }
    }

    private readonly torch.Tensor? _projection;

    public torch.Tensor Mean { get; }

    public torch.Tensor? Components { get; }

    public int SnippetSize => (int)(Components ?? Mean).shape[0];

    /// <param name="features">float32 <c>[N, D]</c>.</param>
    /// <param name="dimension">Directions to keep, fewer if the vectors vary in fewer; null keeps the vectors as they are.</param>
    /// <exception cref="ArgumentException">The vectors are all equal or too long.</exception>
    public static SnippetReduction Fit(torch.Tensor features, int? dimension)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (long count, long size) = (features.shape[0], features.shape[1]);
        if (dimension is not { } wanted)
        {
            return new SnippetReduction(torch.zeros(size, dtype: torch.float64), null);
        }

        if (size > LargestDimension)
        {
            throw new ArgumentException(
                $"The featurizer's vectors have {size} numbers; principal directions are found of at most {LargestDimension}. Use a "
                    + $"featurizer that gives fewer, or set {nameof(GMemTrainer.Options.SnippetDimension)} to null.");
        }

        torch.Tensor mean = features.mean([0L], type: torch.float64);
        torch.Tensor covariance = torch.zeros(size, size, dtype: torch.float64);
        for (long start = 0; start < count; start += FittedRowsAtOnce)
        {
            using DisposeScope chunk = torch.NewDisposeScope();
            torch.Tensor centred = features.narrow(0, start, Math.Min(FittedRowsAtOnce, count - start)).to(torch.float64).sub_(mean);

            // A sum of two tensors takes a factor, which TorchSharp may free while libtorch reads it; that of a stack takes none.
            _ = covariance.copy_(torch.stack([covariance, centred.t().mm(centred)]).sum([0L]));
        }

        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(covariance);
        double[] variances = [.. values.data<double>().ToArray().Reverse()];
        int kept = (int)Math.Min(
            Math.Min(wanted, count - 1), variances.TakeWhile(v => v > 0 && v > SmallestVariance * variances[0]).Count());
        if (kept < 1)
        {
            throw new ArgumentException($"The featurizer gives the same vector for all {count} images.");
        }

        // The sign of an eigenvector is arbitrary: that of its largest entry is made positive.
        torch.Tensor components = vectors.narrow(1, size - kept, kept).flip(1).t();
        torch.Tensor largest = components.abs().argmax(1, keepdim: true);
        components = (components * components.gather(1, largest).sign()).to(torch.float32).contiguous();
        return new SnippetReduction(mean.MoveToOuterDisposeScope(), components.MoveToOuterDisposeScope());
    }

    /// <param name="features">float32 <c>[B, D]</c>.</param>
    /// <returns>float32 <c>[B, m]</c>, rows of unit length; each depends on its own row alone.</returns>
    public torch.Tensor Apply(torch.Tensor features)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long count = features.shape[0];
        torch.Tensor snippets = torch.empty(count, SnippetSize, dtype: torch.float32);
        for (long start = 0; start < count; start += RowsAtOnce)
        {
            using DisposeScope chunk = torch.NewDisposeScope();
            long rows = Math.Min(RowsAtOnce, count - start);
            torch.Tensor padded = torch.zeros(RowsAtOnce, Mean.shape[0], dtype: torch.float64);
            _ = padded.narrow(0, 0, rows).copy_(features.narrow(0, start, rows)).sub_(Mean);
            torch.Tensor projected = _projection is null ? padded : padded.mm(_projection);
            torch.Tensor length = projected.norm(1, keepdim: true);

            // A vector that is the mean has no direction, and zero stands for no snippet at all.
            torch.Tensor ones = torch.ones_like(projected), even = ones / ones.norm(1, keepdim: true);
            torch.Tensor unit = torch.where(length.not_equal(torch.zeros_like(length)), projected / length, even);
            _ = snippets.narrow(0, start, rows).copy_(unit.narrow(0, 0, rows));
        }

        return snippets.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Mean.Dispose();
        Components?.Dispose();
        _projection?.Dispose();
    }
}
