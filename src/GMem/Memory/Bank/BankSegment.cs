namespace GMem.Memory;

/// <summary>The rows of a part that belong to a bank, in the bank's order.</summary>
/// <param name="part">The part.</param>
/// <param name="rows">Which of its rows; null for all of them.</param>
internal sealed class BankSegment(BankPart part, int[]? rows)
{
    public BankPart Part => part;

    public int[]? Rows => rows;

    public int Count => rows?.Length ?? part.Vectors.Count;

    public int Row(int position) => rows is null ? position : rows[position];

    /// <summary>Copies the stored vectors at consecutive positions.</summary>
    public unsafe void CopyVectors(int start, int count, byte* destination)
    {
        if (rows is null)
        {
            part.Vectors.CopyRows(start, count, destination);
        }
        else
        {
            part.Vectors.CopyRows(rows.AsSpan(start, count), destination);
        }
    }

    public long[] Ids()
    {
        long[] all = new long[part.Vectors.Count];
        part.Entries.CopyIds(all);
        return rows is null ? all : Array.ConvertAll(rows, r => all[r]);
    }

    public int[] LabelNumbers()
    {
        int[] all = new int[part.Vectors.Count];
        part.Entries.CopyLabelNumbers(all);
        return rows is null ? all : Array.ConvertAll(rows, r => all[r]);
    }
}
