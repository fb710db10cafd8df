namespace GMem.MLNet;

/// <summary>One image to be generated, as a row for <c>LoadFromEnumerable</c> or a <c>PredictionEngine</c>.</summary>
public sealed class PromptRow
{
    /// <summary>Fixes the noise, and the memory entry where none is given. Default 0.</summary>
    public long Seed { get; set; }

    /// <summary>An entry of the memory bank from 0, or -1 for none. Default -1.</summary>
    public long MemoryIndex { get; set; } = -1;

    /// <summary>A snippet of the bank's dimension, or empty for none. Default empty.</summary>
    public float[] Snippet { get; set; } = [];
}
