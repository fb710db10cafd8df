using GMem.FileFormats;

namespace GMem.Images;

/// <summary>
/// RGB images of one size, in memory or in files, which may be larger than memory: what an encoder is fitted to. Grey is repeated, and
/// alpha is composited over white. Read-only; several threads may read at once.
/// </summary>
public sealed class ImageRows
{
    internal ImageRows(RowSource rows) => Rows = rows.RowShape[0] == ImageShape.Rgb ? rows : new RgbRows(rows);

    /// <summary>Wraps images in memory.</summary>
    /// <param name="images">uint8 <c>[N, C, H, W]</c> on the CPU, C = 1, 3 or 4; the caller keeps ownership.</param>
    /// <exception cref="ArgumentException">The images have the wrong type or shape.</exception>
    public ImageRows(torch.Tensor images)
        : this(Checked(images))
    {
    }

    /// <summary>Number of images.</summary>
    public long Count => Rows.Count;

    /// <summary>Rows of an image.</summary>
    public int Height => (int)Rows.RowShape[1];

    /// <summary>Pixels in a row.</summary>
    public int Width => (int)Rows.RowShape[2];

    internal RowSource Rows { get; }

    /// <summary>Reads consecutive images.</summary>
    /// <param name="start">Index of the first image, from 0.</param>
    /// <param name="count">Number of images.</param>
    /// <returns>uint8 <c>[count, 3, H, W]</c> on the CPU, RGB. It may be a view of the images, so do not modify it. Dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range goes beyond the images.</exception>
    public torch.Tensor Read(long start, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count - start);
        return Rows.Range(start, count);
    }

    private static TensorRows Checked(torch.Tensor images)
    {
        ImageTensors.CheckBatch(images, nameof(images));
        return new TensorRows(images);
    }

    /// <summary>Rows as networks of RGB images are shown them.</summary>
    private sealed class RgbRows(RowSource rows) : RowSource
    {
        public override long Count => rows.Count;

        public override IReadOnlyList<long> RowShape => [ImageShape.Rgb, rows.RowShape[1], rows.RowShape[2]];

        public override torch.ScalarType Type => rows.Type;

        public override torch.Tensor Rows(ReadOnlySpan<long> indices)
        {
            using torch.Tensor stored = rows.Rows(indices);
            return ImageTensors.ToRgb(stored);
        }

        public override torch.Tensor Range(long start, long count)
        {
            using torch.Tensor stored = rows.Range(start, count);
            return ImageTensors.ToRgb(stored);
        }
    }
}
