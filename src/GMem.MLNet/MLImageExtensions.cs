using GMem.Images;
using GMem.MLNet.Generation;

namespace GMem.MLNet;

/// <summary>ML.NET's images as GMem's pictures, and back.</summary>
public static class MLImageExtensions
{
    /// <summary>Bytes per pixel of an <see cref="MLImage"/>.</summary>
    private const int Channels = 4;

    /// <summary>A picture with an image's pixels.</summary>
    /// <param name="image">The image. Not disposed.</param>
    /// <param name="channels">
    /// Those of the picture: 4 keeps alpha; with 3 or 1 (grey) transparency is laid over white, as in image files. Default 3.
    /// </param>
    /// <returns>The picture.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are other channels.</exception>
    public static RgbImage ToRgbImage(this MLImage image, int channels = ImageShape.Rgb)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (channels == ImageShape.Rgba)
        {
            return ToRgba(image);
        }

        int row = checked(image.Width * ImageShape.Rgb);
        byte[] pixels = new byte[checked(row * image.Height)];
        for (int y = 0; y < image.Height; y++)
        {
            image.CopyRowTo(y, pixels.AsSpan(y * row, row));
        }

        return new RgbImage(image.Width, image.Height, pixels).ToChannels(channels);
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
        if (rgb.Length < image.Width * ImageShape.Rgb)
        {
            throw new ArgumentException(
                $"A row of {image.Width} pixels has {image.Width * ImageShape.Rgb} bytes; there is room for {rgb.Length}.", nameof(rgb));
        }

        // MLImage holds colours multiplied by their alpha.
        (int red, int blue) = image.PixelFormat == MLPixelFormat.Bgra32 ? (2, 0) : (0, 2);
        ReadOnlySpan<byte> from = image.Pixels.Slice(row * image.Width * Channels, image.Width * Channels);
        for (int source = 0, target = 0; source < from.Length; source += Channels, target += ImageShape.Rgb)
        {
            int white = byte.MaxValue - from[source + 3];
            rgb[target] = (byte)Math.Min(from[source + red] + white, byte.MaxValue);
            rgb[target + 1] = (byte)Math.Min(from[source + 1] + white, byte.MaxValue);
            rgb[target + 2] = (byte)Math.Min(from[source + blue] + white, byte.MaxValue);
        }
    }

    /// <summary>
    /// A new image with a picture's pixels: grey is repeated. With alpha, which <see cref="MLImage"/> multiplies colours by, those of
    /// nearly transparent pixels lose precision.
    /// </summary>
    /// <param name="picture">The picture.</param>
    /// <returns>The image, which belongs to the caller.</returns>
    public static MLImage ToMLImage(this RgbImage picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        return MLImages.From(picture);
    }

    private static RgbImage ToRgba(MLImage image)
    {
        byte[] pixels = image.Pixels.ToArray();
        for (int at = 0; at < pixels.Length; at += Channels)
        {
            if (image.PixelFormat == MLPixelFormat.Bgra32)
            {
                (pixels[at], pixels[at + 2]) = (pixels[at + 2], pixels[at]);
            }

            int alpha = pixels[at + 3];
            for (int channel = at; alpha > 0 && channel < at + 3; channel++)
            {
                pixels[channel] = (byte)Math.Min(((byte.MaxValue * pixels[channel]) + (alpha / 2)) / alpha, byte.MaxValue);
            }
        }

        return new RgbImage(image.Width, image.Height, pixels, Channels);
    }
}
