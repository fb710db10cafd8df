namespace GMem.Images;

/// <summary>From pixels of some channels to pixels of others.</summary>
internal static class PixelConversion
{
    private const int White = 255;

    /// <summary>Composites RGBA (not premultiplied) over a white background in place, rounding to nearest.</summary>
    public static void OverWhite(Span<byte> rgba)
    {
        for (int at = 0; at < rgba.Length; at += ImageShape.Rgba)
        {
            int alpha = rgba[at + 3];
            if (alpha < White)
            {
                rgba[at] = OverWhite(rgba[at], alpha);
                rgba[at + 1] = OverWhite(rgba[at + 1], alpha);
                rgba[at + 2] = OverWhite(rgba[at + 2], alpha);
            }
        }
    }

    /// <summary>Puts the grey of each opaque RGBA pixel into its first byte.</summary>
    public static void ToGrey(Span<byte> rgba)
    {
        for (int at = 0; at < rgba.Length; at += ImageShape.Rgba)
        {
            rgba[at] = Luma(rgba[at..]);
        }
    }

    /// <summary>A new image with other channels.</summary>
    public static RgbImage ToChannels(RgbImage image, int channels)
    {
        byte[] pixels = new byte[checked(image.Width * image.Height * channels)];
        Span<byte> rgba = stackalloc byte[ImageShape.Rgba];
        for (int from = 0, to = 0; to < pixels.Length; from += image.Channels, to += channels)
        {
            ReadRgba(image.Pixels.AsSpan(from, image.Channels), rgba);
            if (channels != ImageShape.Rgba)
            {
                OverWhite(rgba);
            }

            if (channels == ImageShape.Grey)
            {
                ToGrey(rgba);
            }

            rgba[..channels].CopyTo(pixels.AsSpan(to));
        }

        return new RgbImage(image.Width, image.Height, pixels, channels);
    }

    /// <summary>Pixels of any channels to RGBA.</summary>
    public static void ToRgba(RgbImage image, Span<byte> rgba)
    {
        for (int from = 0, to = 0; from < image.Pixels.Length; from += image.Channels, to += ImageShape.Rgba)
        {
            ReadRgba(image.Pixels.AsSpan(from, image.Channels), rgba.Slice(to, ImageShape.Rgba));
        }
    }

    /// <summary>A colour times its alpha, both from 0 to 255, as Pillow rounds it.</summary>
    public static int Premultiplied(int value, int alpha)
    {
        int product = (value * alpha) + 128;
        return ((product >> 8) + product) >> 8;
    }

    /// <summary>Multiplies the colours of RGBA by their alpha, in place.</summary>
    public static void Premultiply(Span<byte> rgba)
    {
        for (int at = 0; at < rgba.Length; at++)
        {
            rgba[at] = at % ImageShape.Rgba == 3 ? rgba[at] : (byte)Premultiplied(rgba[at], rgba[at | 3]);
        }
    }

    /// <summary>Divides the colours of RGBA by their alpha, in place, as Pillow rounds it.</summary>
    public static void Unpremultiply(Span<byte> rgba)
    {
        for (int at = 0; at < rgba.Length; at++)
        {
            int alpha = rgba[at | 3];
            if (at % ImageShape.Rgba != 3 && alpha is > 0 and < White)
            {
                rgba[at] = (byte)Math.Min(White * rgba[at] / alpha, White);
            }
        }
    }

    private static void ReadRgba(ReadOnlySpan<byte> pixel, Span<byte> rgba)
    {
        int last = pixel.Length - 1;
        (rgba[0], rgba[1], rgba[2]) = (pixel[0], pixel[Math.Min(1, last)], pixel[Math.Min(2, last)]);
        rgba[3] = pixel.Length == ImageShape.Rgba ? pixel[3] : (byte)White;
    }

    /// <summary>Pillow's: weights of 16 fractional bits, rounded to nearest.</summary>
    private static byte Luma(ReadOnlySpan<byte> rgb) => (byte)(((19595 * rgb[0]) + (38470 * rgb[1]) + (7471 * rgb[2]) + 0x8000) >> 16);

    private static byte OverWhite(int value, int alpha) => (byte)(((value * alpha) + (White * (White - alpha)) + 127) / White);
}
