using GMem.FileFormats;

namespace GMem.Images;

/// <summary>Square images of one size, in memory or in files that may be larger than it. Read-only, and safe to read from several
/// threads.</summary>
public sealed class ImageRows
{
    internal ImageRows(RowSource rows) => Rows = rows;

    /// <summary>Images in memory.</summary>
    /// <param name="images">uint8 <c>[N, 3, S, S]</c> on the CPU, RGB; it stays the caller's.</param>
    /// <exception cref="ArgumentException">The images have another type or shape.</exception>
    public ImageRows(torch.Tensor images)
    {
        ImageTensors.CheckBatch(images, nameof(images));
        Rows = images.shape[2] == images.shape[3]
            ? new TensorRows(images)
            : throw new ArgumentException($"Images must be square; these are {images.shape[3]} x {images.shape[2]}.", nameof(images));
    }

    /// <summary>How many images.</summary>
    public long Count => Rows.Count;

    /// <summary>Side of the images in pixels.</summary>
    public int Size => (int)Rows.RowShape[^1];

    internal RowSource Rows { get; }

    /// <summary>Reads images that follow one another.</summary>
    /// <param name="start">Index of the first, from 0.</param>
    /// <param name="count">How many.</param>
    /// <returns>uint8 <c>[count, 3, S, S]</c> on the CPU, RGB. It may be a view of the images: change nothing in it. Dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Some of these images do not exist.</exception>
    public torch.Tensor Read(long start, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count - start);
        return Rows.Range(start, count);
    }
}
