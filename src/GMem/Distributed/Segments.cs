namespace GMem.Distributed;

/// <summary>A flat buffer in one segment for each rank, in their order; some may be empty.</summary>
internal sealed class Segments
{
    private readonly long[] _bounds;

    /// <param name="length">Numbers of the buffer.</param>
    /// <param name="unit">Segments begin at multiples of this.</param>
    /// <param name="ranks">How many.</param>
    public Segments(long length, long unit, int ranks)
    {
        long units = (length + unit - 1) / unit;
        _bounds = [.. Enumerable.Range(0, ranks + 1).Select(r => Math.Min(length, units * r / ranks * unit))];
        Longest = Enumerable.Range(0, ranks).Max(Length);
    }

    public int Count => _bounds.Length - 1;

    /// <summary>Numbers of the whole buffer.</summary>
    public long Total => _bounds[^1];

    public long Longest { get; }

    public long Begin(int rank) => _bounds[rank];

    public long Length(int rank) => _bounds[rank + 1] - _bounds[rank];
}
