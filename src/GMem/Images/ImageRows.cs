using GMem.FileFormats;

namespace GMem.Images;

/// <summary>Square images of one size, in memory or in files, which may be larger than memory. Read-only; several threads may read at
/// once.</summary>
public sealed class ImageRows
{
    internal ImageRows(RowSource rows) => Rows = rows;

    /// <summary>Wraps images in memory.</summary>
    /// <param name="images">uint8 <c>[N, 3, S, S]</c> on the CPU, RGB; the caller keeps ownership.</param>
    /// <exception cref="ArgumentException">The images have the wrong type or shape.</exception>
    public ImageRows(torch.Tensor images)
    {
        ImageTensors.CheckBatch(images, nameof(images));
        Rows = images.shape[2] == images.shape[3]
            ? new TensorRows(images)
            : throw new ArgumentException($"Images must be square; these are {images.shape[3]} x {images.shape[2]}.", nameof(images));
    }

    /// <summary>Number of images.</summary>
    public long Count => Rows.Count;

    /// <summary>Side of the images in pixels.</summary>
    public int Size => (int)Rows.RowShape[^1];

    internal RowSource Rows { get; }

    /// <summary>Reads consecutive images.</summary>
    /// <param name="start">Index of the first image, from 0.</param>
    /// <param name="count">Number of images.</param>
    /// <returns>uint8 <c>[count, 3, S, S]</c> on the CPU, RGB. It may be a view of the images, so do not modify it. Dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range goes beyond the images.</exception>
    public torch.Tensor Read(long start, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count - start);
        return Rows.Range(start, count);
    }
}
