namespace GMem.Images;

/// <summary>
/// An image in memory: RGB, or grey, or RGB with alpha, 8 bits per channel, row by row from the top, without padding. Colours are not
/// multiplied by alpha.
/// </summary>
public sealed class RgbImage
{
    /// <summary>Creates an image over the given pixels, which are not copied.</summary>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels"><c>height * width * channels</c> bytes, starting with those of the top left pixel.</param>
    /// <param name="channels">
    /// Bytes a pixel: <see cref="ImageShape.Grey"/>, <see cref="ImageShape.Rgb"/> or <see cref="ImageShape.Rgba"/>. Default
    /// <see cref="ImageShape.Rgb"/>.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1, or there are other channels.</exception>
    /// <exception cref="ArgumentException">The number of bytes does not match the size.</exception>
    public RgbImage(int width, int height, byte[] pixels, int channels = ImageShape.Rgb)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentNullException.ThrowIfNull(pixels);
        ImageShape.RequireChannelCount(channels, nameof(channels));
        if (pixels.LongLength != (long)width * height * channels)
        {
            string kind = channels switch { ImageShape.Grey => "A grey", ImageShape.Rgb => "An RGB", _ => "An RGBA" };
            throw new ArgumentException(
                $"{kind} image of {width} x {height} has {(long)width * height * channels} bytes; {pixels.LongLength} were given.",
                nameof(pixels));
        }

        Width = width;
        Height = height;
        Pixels = pixels;
        Channels = channels;
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Number of rows.</summary>
    public int Height { get; }

    /// <summary>Bytes per pixel: 1 (grey), 3 (RGB) or 4 (RGBA).</summary>
    public int Channels { get; }

    /// <summary>The bytes, <c>[Height, Width, Channels]</c> row-major.</summary>
    public byte[] Pixels { get; }

    /// <summary>
    /// The image with other channels. Alpha is composited over white; grey is the luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B,
    /// as Pillow rounds it), and is repeated where colours are wanted; alpha that is not there is opaque.
    /// </summary>
    /// <param name="channels">Bytes a pixel: 1, 3 or 4.</param>
    /// <returns>A new image; the same instance if it has these channels.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are other channels.</exception>
    public RgbImage ToChannels(int channels)
    {
        ImageShape.RequireChannelCount(channels, nameof(channels));
        return channels == Channels ? this : PixelConversion.ToChannels(this, channels);
    }
}
