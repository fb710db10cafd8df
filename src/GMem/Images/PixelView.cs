using SkiaSharp;

namespace GMem.Images;

/// <summary>
/// Pixels wherever they lie, seen upright: row by row as stored, turned or mirrored only in the order in which they are read.
/// </summary>
internal readonly ref struct PixelView
{
    private readonly int _origin;
    private readonly int _rowStep;

    /// <param name="pixels">The bytes, row by row without padding.</param>
    /// <param name="width">Pixels in a stored row.</param>
    /// <param name="height">Stored rows.</param>
    /// <param name="stored">Bytes a pixel.</param>
    /// <param name="channels">How many of them are read, from the first.</param>
    /// <param name="origin">
    /// Where row 0 and column 0 of the stored image are displayed: <c>RightTop</c> means row 0 at the right, column 0 at the top.
    /// </param>
    public PixelView(
        ReadOnlySpan<byte> pixels, int width, int height, int stored, int channels, SKEncodedOrigin origin = SKEncodedOrigin.Default)
    {
        bool swapped = origin
            is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        bool fromRight = origin
            is SKEncodedOrigin.TopRight or SKEncodedOrigin.BottomRight or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom;
        bool fromBottom = origin
            is SKEncodedOrigin.BottomRight or SKEncodedOrigin.BottomLeft or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        Bytes = pixels;
        (Width, Height) = swapped ? (height, width) : (width, height);
        Channels = channels;
        int row = checked(width * stored);
        (int right, int down) = swapped ? (row, stored) : (stored, row);
        _origin = checked((fromRight ? (Width - 1) * right : 0) + (fromBottom ? (Height - 1) * down : 0));
        (ColumnStep, _rowStep) = (fromRight ? -right : right, fromBottom ? -down : down);
    }

    public PixelView(RgbImage image)
        : this(image.Pixels, image.Width, image.Height, image.Channels, image.Channels)
    {
    }

    public ReadOnlySpan<byte> Bytes { get; }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Bytes of a pixel that are read.</summary>
    public int Channels { get; }

    /// <summary>From a pixel to the next one to its right.</summary>
    public int ColumnStep { get; }

    /// <summary>Where a row's first pixel is.</summary>
    public int RowStart(int row) => _origin + (row * _rowStep);

    /// <summary>Copies a part of a row.</summary>
    public void CopyRow(int row, int firstColumn, Span<byte> result)
    {
        int from = RowStart(row) + (firstColumn * ColumnStep);
        if (ColumnStep == Channels)
        {
            Bytes.Slice(from, result.Length).CopyTo(result);
            return;
        }

        for (int to = 0; to < result.Length; to += Channels, from += ColumnStep)
        {
            Bytes.Slice(from, Channels).CopyTo(result[to..]);
        }
    }

    /// <summary>A copy of all of it.</summary>
    public RgbImage ToImage()
    {
        byte[] pixels = new byte[checked(Width * Height * Channels)];
        int stride = Width * Channels;
        for (int row = 0; row < Height; row++)
        {
            CopyRow(row, 0, pixels.AsSpan(row * stride, stride));
        }

        return new RgbImage(Width, Height, pixels, Channels);
    }
}
