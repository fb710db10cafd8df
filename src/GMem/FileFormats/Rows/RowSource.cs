namespace GMem.FileFormats;

/// <summary>
/// Rows of one type and shape, found by their index: in memory, or in files that may be larger than it. Safe to read from several threads.
/// </summary>
internal abstract class RowSource
{
    public abstract long Count { get; }

    /// <summary>Shape of one row.</summary>
    public abstract IReadOnlyList<long> RowShape { get; }

    public abstract torch.ScalarType Type { get; }

    /// <summary>Some rows.</summary>
    /// <param name="indices">Which; in any order, also more than once.</param>
    /// <returns>New tensor <c>[B, ...]</c> on the CPU.</returns>
    public abstract torch.Tensor Rows(ReadOnlySpan<long> indices);

    /// <summary>Rows that follow one another.</summary>
    /// <param name="start">The first.</param>
    /// <param name="count">How many.</param>
    /// <returns>A tensor <c>[count, ...]</c> on the CPU; it may be a view.</returns>
    public abstract torch.Tensor Range(long start, long count);

    /// <summary>All rows in pieces, in order. The caller disposes each piece.</summary>
    public IEnumerable<torch.Tensor> Pieces(long rowsAtOnce)
    {
        for (long start = 0; start < Count; start += rowsAtOnce)
        {
            yield return Range(start, Math.Min(rowsAtOnce, Count - start));
        }
    }
}
