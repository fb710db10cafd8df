namespace GMem.Memory;

/// <summary>An entry near a snippet.</summary>
/// <param name="Index">Its position in the bank.</param>
/// <param name="Id">Its stable id.</param>
/// <param name="Label">Its label, or null.</param>
/// <param name="Source">Its source, or null.</param>
/// <param name="Cosine">Cosine of the angle between the two, -1 to 1 up to rounding.</param>
public readonly record struct MemoryNeighbor(long Index, EntryId Id, string? Label, string? Source, double Cosine);
