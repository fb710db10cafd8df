using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>Rows that were added together: their vectors, ids, labels and sources. Immutable and shared by banks.</summary>
internal sealed record BankPart(StoredVectors Vectors, EntryColumns Entries)
{
    /// <summary>The rows of one part and then those of another, copied into one.</summary>
    public static BankPart Join(BankPart first, BankPart second)
    {
        ManagedBytes bytes = new(first.Vectors.Bytes.Length + second.Vectors.Bytes.Length);
        List<long> ids = [];
        List<string?> labels = [];
        List<string?> sources = [];
        foreach (BankPart part in new[] { first, second })
        {
            bytes.Append(part.Vectors.Bytes);
            for (int row = 0; row < part.Vectors.Count; row++)
            {
                ids.Add(part.Entries.Id(row));
                labels.Add(part.Entries.Label(row));
                sources.Add(part.Entries.Source(row));
            }
        }

        return new BankPart(new StoredVectors(bytes, first.Vectors.Width, first.Vectors.Type), EntryColumns.Of(ids, 0, labels, sources));
    }
}
