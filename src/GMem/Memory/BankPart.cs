namespace GMem.Memory;

/// <summary>Rows that entered together: their vectors and what is known of them. Never changes; banks share it.</summary>
internal sealed record BankPart(StoredVectors Vectors, EntryColumns Entries);
