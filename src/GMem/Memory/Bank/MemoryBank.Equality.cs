namespace GMem.Memory;

public sealed partial class MemoryBank
{
    private const int ComparedBytes = 1 << 20;

    /// <summary>
    /// Whether two banks have equal content: storage, snippets bit for bit, ids, labels, sources and weights, in the same order.
    /// </summary>
    /// <param name="other">Another bank.</param>
    /// <returns>True if so. The history of the entries, and the id that the next one would get, do not matter.</returns>
    internal bool ContentEquals(MemoryBank? other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        return other is not null && _storage.Equals(other._storage) && Count == other.Count
            && Enumerable.Range(0, _layout.Count).All(i => EntryAt(i) == other.EntryAt(i) && SamplingWeight(i) == other.SamplingWeight(i))
            && SameVectors(other);
    }

    private unsafe bool SameVectors(MemoryBank other)
    {
        int rowBytes = _layout.RowBytes;
        int page = Math.Max(1, ComparedBytes / rowBytes);
        byte[] mine = new byte[page * rowBytes];
        byte[] others = new byte[page * rowBytes];
        fixed (byte* here = mine, there = others)
        {
            for (int start = 0; start < _layout.Count; start += page)
            {
                int count = Math.Min(page, _layout.Count - start);
                _layout.CopyVectors(start, count, here);
                other._layout.CopyVectors(start, count, there);
                if (!mine.AsSpan(0, count * rowBytes).SequenceEqual(others.AsSpan(0, count * rowBytes)))
                {
                    return false;
                }
            }
        }

        return true;
    }
}
