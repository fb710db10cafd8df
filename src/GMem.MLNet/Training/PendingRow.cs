namespace GMem.MLNet.Training;

/// <summary>A row whose image is being decoded.</summary>
/// <param name="Number">Its number, from 0.</param>
/// <param name="Image">The image, cut and scaled, with its vectors where they are made of the whole image.</param>
/// <param name="Bytes">What the row holds in memory until its image is decoded.</param>
/// <param name="Source">Its file, where the column holds paths.</param>
/// <param name="Label">Its label, where there is a column of them.</param>
/// <param name="Snippet">Its snippet, where there is a column of them.</param>
/// <param name="Values">Its values, where there is a column of them.</param>
internal sealed record PendingRow(
    long Number, Task<DecodedRow> Image, long Bytes, string? Source, string? Label, float[]? Snippet, float[]? Values);
