namespace GMem.MLNet;

/// <summary>
/// One image to be generated, as a row for <c>LoadFromEnumerable</c> or a <c>PredictionEngine</c>. At most one of memory index, snippet,
/// label and image is given; beside an image with a strength or a mask, one of the others may be.
/// </summary>
public sealed class PromptRow
{
    /// <summary>Fixes the noise, and the memory entry where none is given. Default 0.</summary>
    public long Seed { get; set; }

    /// <summary>An entry of the memory bank from 0, or -1 for none. Default -1.</summary>
    public long MemoryIndex { get; set; } = -1;

    /// <summary>A snippet of the bank's dimension, or empty for none. Default empty.</summary>
    public float[] Snippet { get; set; } = [];

    /// <summary>A label of the memory bank, among whose entries the seed picks, or empty for all. Default empty.</summary>
    public string PromptLabel { get; set; } = "";

    /// <summary>
    /// Path of an image to make a snippet of, or empty for none. Default empty. (A row class of your own may have an <c>MLImage</c> or
    /// encoded bytes here.)
    /// </summary>
    public string PromptImage { get; set; } = "";

    /// <summary>
    /// Values for a model that was trained with a column of them, one number a component, or empty for none. Default empty.
    /// </summary>
    public float[] PromptValues { get; set; } = [];

    /// <summary>How much of the image is made anew, from 0 to 1, or NaN for none. Default NaN.</summary>
    public float Strength { get; set; } = float.NaN;

    /// <summary>Path of a mask of the image's size, white where it is painted anew, or empty for none. Default empty.</summary>
    public string PromptMask { get; set; } = "";

    /// <summary>Path of a picture whose noise is taken instead of the seed's, or empty for none. Default empty.</summary>
    public string NoiseImage { get; set; } = "";
}
