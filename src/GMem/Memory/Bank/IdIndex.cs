namespace GMem.Memory;

/// <summary>Maps ids to indices. Built when an id is first looked up.</summary>
internal sealed class IdIndex
{
    private readonly long[] _sorted;
    private readonly int[]? _positions;

    public IdIndex(BankLayout layout)
    {
        _sorted = [.. layout.Segments.SelectMany(s => s.Ids())];
        if (!IsAscending(_sorted))
        {
            _positions = [.. Enumerable.Range(0, _sorted.Length)];
            Array.Sort(_sorted, _positions);
            RefuseDuplicates(_sorted);
        }
    }

    public bool TryFind(long id, out int index)
    {
        int found = Array.BinarySearch(_sorted, id);
        index = found < 0 ? -1 : _positions?[found] ?? found;
        return found >= 0;
    }

    /// <summary>The indices of these ids. One message names all ids that are missing.</summary>
    public int[] Find(ReadOnlySpan<EntryId> ids)
    {
        List<int> found = new(ids.Length);
        List<EntryId> missing = [];
        foreach (EntryId id in ids)
        {
            if (TryFind(id.Value, out int index))
            {
                found.Add(index);
            }
            else
            {
                missing.Add(id);
            }
        }

        return missing.Count == 0 ? [.. found]
            : throw new KeyNotFoundException(
                $"The memory bank has no entry with {(missing.Count == 1 ? "the id" : "the ids")} {TextList.Of(missing)}.");
    }

    private static bool IsAscending(long[] ids)
    {
        for (int i = 1; i < ids.Length; i++)
        {
            if (ids[i] <= ids[i - 1])
            {
                return false;
            }
        }

        return true;
    }

    private static void RefuseDuplicates(long[] sorted)
    {
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
            {
                throw new InvalidDataException($"Two entries of the memory bank have the id {sorted[i]}; the file is damaged.");
            }
        }
    }
}
