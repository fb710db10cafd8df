using GMem.FileFormats;

namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>
    /// Finds the entries nearest to each snippet. The search is exact: it compares every entry. Products are computed in 32-bit
    /// floats for every kind of storage, on the device of the snippets.
    /// </summary>
    /// <param name="snippets">
    /// <c>[q, m]</c> or one <c>[m]</c>, a float type, of any length. One call with many is far cheaper than many calls.
    /// </param>
    /// <param name="count">The number of neighbours of each, from 1 to <see cref="Count"/>.</param>
    /// <param name="cancellationToken">Cancels the search with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The neighbours of each snippet, nearest first. Equally near ones are ordered by index.</returns>
    /// <exception cref="ArgumentException">The dimensions differ, or some snippets are not finite or almost zero.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of range.</exception>
    public MemoryNeighbor[][] Nearest(torch.Tensor snippets, int count, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snippets);
        if (count < 1 || count > _layout.Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"Between 1 and {_layout.Count} neighbours can be asked of this memory bank.");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor queries = Snippets.Normalize(snippets.dim() == 1 ? snippets.unsqueeze(0) : snippets);
        CheckDimension((int)queries.shape[1], nameof(snippets));
        NearestEntries[] best = [.. Enumerable.Range(0, (int)queries.shape[0]).Select(_ => new NearestEntries(count))];
        CosineScan.Run(_storage, _layout, queries, (start, cosines) => Take(best, start, cosines), cancellationToken);
        return Array.ConvertAll(best, b => Array.ConvertAll(b.Sorted(), Neighbor));
    }

    private static unsafe void Take(NearestEntries[] best, int start, torch.Tensor cosines)
    {
        float* address = (float*)TensorBytes.Address(cosines);
        int length = (int)cosines.shape[1];
        for (int query = 0; query < best.Length; query++)
        {
            best[query].Take(start, new ReadOnlySpan<float>(address + ((long)query * length), length));
        }
    }

    private MemoryNeighbor Neighbor((int Index, float Cosine) found)
    {
        MemoryEntry entry = EntryAt(found.Index);
        return new MemoryNeighbor(entry.Index, entry.Id, entry.Label, entry.Source, found.Cosine);
    }
}
