namespace GMem.Memory;

/// <summary>An entry of a bank, without its snippet.</summary>
/// <param name="Index">Its position in this bank, from 0. After an edit it may be at another.</param>
/// <param name="Id">Its stable id, the same in every bank that has the entry.</param>
/// <param name="Label">Its label, or null.</param>
/// <param name="Source">Where it came from, for instance a file name, or null.</param>
public readonly record struct MemoryEntry(long Index, EntryId Id, string? Label, string? Source);
