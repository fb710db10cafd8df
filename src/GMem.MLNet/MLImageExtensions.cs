using GMem.Images;
using GMem.MLNet.Generation;

namespace GMem.MLNet;

/// <summary>ML.NET's images as GMem's pictures, and back.</summary>
public static class MLImageExtensions
{
    /// <summary>Bytes per pixel of an <see cref="MLImage"/>.</summary>
    private const int Channels = 4;

    /// <summary>A picture with an image's pixels; transparency is laid over white, as in image files.</summary>
    /// <param name="image">The image. Not disposed.</param>
    /// <returns>The picture.</returns>
    public static RgbImage ToRgbImage(this MLImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        int row = checked(image.Width * RgbImage.Channels);
        byte[] pixels = new byte[checked(row * image.Height)];
        for (int y = 0; y < image.Height; y++)
        {
            image.CopyRowTo(y, pixels.AsSpan(y * row, row));
        }

        return new RgbImage(image.Width, image.Height, pixels);
    }

    /// <summary>Copies a row of pixels; transparency is laid over white.</summary>
    /// <param name="image">The image. Not disposed.</param>
    /// <param name="row">The row, from 0.</param>
    /// <param name="rgb">Receives <c>Width * 3</c> bytes: red, green, blue of each pixel.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image has no such row.</exception>
    /// <exception cref="ArgumentException">There is no room for a row.</exception>
    public static void CopyRowTo(this MLImage image, int row, Span<byte> rgb)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, image.Height);
        if (rgb.Length < image.Width * RgbImage.Channels)
        {
            throw new ArgumentException(
                $"A row of {image.Width} pixels has {image.Width * RgbImage.Channels} bytes; there is room for {rgb.Length}.", nameof(rgb));
        }

        // MLImage holds colours multiplied by their alpha.
        (int red, int blue) = image.PixelFormat == MLPixelFormat.Bgra32 ? (2, 0) : (0, 2);
        ReadOnlySpan<byte> from = image.Pixels.Slice(row * image.Width * Channels, image.Width * Channels);
        for (int source = 0, target = 0; source < from.Length; source += Channels, target += RgbImage.Channels)
        {
            int white = byte.MaxValue - from[source + 3];
            rgb[target] = (byte)Math.Min(from[source + red] + white, byte.MaxValue);
            rgb[target + 1] = (byte)Math.Min(from[source + 1] + white, byte.MaxValue);
            rgb[target + 2] = (byte)Math.Min(from[source + blue] + white, byte.MaxValue);
        }
    }

    /// <summary>A new, opaque image with a picture's pixels.</summary>
    /// <param name="picture">The picture.</param>
    /// <returns>The image, which belongs to the caller.</returns>
    public static MLImage ToMLImage(this RgbImage picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        return MLImages.From(picture);
    }
}
