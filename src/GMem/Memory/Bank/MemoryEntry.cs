namespace GMem.Memory;

/// <summary>What a bank knows of one entry besides its snippet.</summary>
/// <param name="Index">Its position in the bank, from 0. Other banks made by edits may have it elsewhere.</param>
/// <param name="Id">Its stable id: the same in every bank that has the entry.</param>
/// <param name="Label">Its label, or null.</param>
/// <param name="Source">Where it came from, a file name for instance, or null.</param>
public readonly record struct MemoryEntry(long Index, EntryId Id, string? Label, string? Source);
