namespace GMem.Memory;

/// <summary>Assigns ids when banks are merged.</summary>
internal static class BankIds
{
    /// <summary>The segments of a layout with a new id for every entry whose id is taken; vectors, labels and sources are shared.</summary>
    /// <param name="added">The entries to come in.</param>
    /// <param name="taken">The ids in use.</param>
    /// <param name="nextId">The first id that neither side ever had.</param>
    public static (IReadOnlyList<BankSegment> Segments, long NextId) WithFreeIds(BankLayout added, IdIndex taken, long nextId)
    {
        List<BankSegment> segments = [];
        foreach (BankSegment segment in added.Segments)
        {
            long[] ids = new long[segment.Part.Vectors.Count];
            segment.Part.Entries.CopyIds(ids);
            bool changed = false;
            for (int i = 0; i < segment.Count; i++)
            {
                int row = segment.Row(i);
                if (taken.TryFind(ids[row], out _))
                {
                    ids[row] = nextId;
                    nextId = checked(nextId + 1);
                    changed = true;
                }
            }

            segments.Add(changed
                ? new BankSegment(segment.Part with { Entries = segment.Part.Entries.WithIds(ids) }, segment.Rows)
                : segment);
        }

        return (segments, nextId);
    }
}
