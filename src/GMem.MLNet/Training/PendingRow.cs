using GMem.Images;

namespace GMem.MLNet.Training;

/// <summary>A row whose image is being decoded.</summary>
/// <param name="Image">The image, cut and scaled.</param>
/// <param name="Source">Its file, where the column holds paths.</param>
/// <param name="Label">Its label, where there is a column of them.</param>
/// <param name="Snippet">Its snippet, where there is a column of them.</param>
internal sealed record PendingRow(Task<RgbImage> Image, string? Source, string? Label, float[]? Snippet);
