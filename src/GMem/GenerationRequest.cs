namespace GMem;

/// <summary>What one image is to be made from. At most one of the memory index, the snippet and the label is given; with none the seed picks among all entries.</summary>
/// <param name="Seed">Fixes the noise, and the memory entry where none is given.</param>
/// <param name="MemoryIndex">An entry of the bank from 0, or -1.</param>
/// <param name="Snippet">A snippet of the bank's dimension (it need not be of unit length), or empty.</param>
/// <param name="Label">A label of the bank, among whose entries the seed then picks; null or empty for all entries.</param>
public readonly record struct GenerationRequest(long Seed, long MemoryIndex = -1, ReadOnlyMemory<float> Snippet = default, string? Label = null);
