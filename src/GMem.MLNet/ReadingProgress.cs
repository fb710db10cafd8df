using System.Globalization;

namespace GMem.MLNet;

/// <summary>How far the reading of the training images has come.</summary>
/// <param name="Read">Images that were read and are trained on.</param>
/// <param name="Total">Rows of the data; null where that is not known.</param>
/// <param name="Skipped">The images that were left out so far, each with the reason.</param>
/// <param name="IsComplete">Whether all rows have been read.</param>
public sealed record ReadingProgress(long Read, long? Total, IReadOnlyList<SkippedImage> Skipped, bool IsComplete)
{
    /// <summary>The report as a line, without a full stop.</summary>
    /// <returns>For instance <c>Read 320 images of 1000, skipped 2</c>.</returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"Read {Read} images{(Total is { } total ? $" of {total}" : "")}{(Skipped.Count > 0 ? $", skipped {Skipped.Count}" : "")}");
}
