namespace GMem;

/// <summary>What one image is to be made from. At most one of the memory index and the snippet is given; with neither the seed picks the entry.</summary>
/// <param name="Seed">Fixes the noise, and the memory entry where none is given.</param>
/// <param name="MemoryIndex">An entry of the bank from 0, or -1.</param>
/// <param name="Snippet">A snippet of the bank's dimension (it need not be of unit length), or empty.</param>
public readonly record struct GenerationRequest(long Seed, long MemoryIndex = -1, ReadOnlyMemory<float> Snippet = default);
