using SkiaSharp;

namespace GMem.Images;

/// <summary>Converts a decoder's output to upright RGB, and RGB to an encoder's input.</summary>
internal static class PixelConversion
{
    /// <summary>Composites RGBA (not premultiplied) over a white background, rounding to nearest.</summary>
    public static byte[] OverWhite(ReadOnlySpan<byte> rgba, bool opaque)
    {
        byte[] rgb = new byte[rgba.Length / 4 * RgbImage.Channels];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += RgbImage.Channels)
        {
            int alpha = opaque ? 255 : rgba[from + 3];
            rgb[to] = OverWhite(rgba[from], alpha);
            rgb[to + 1] = OverWhite(rgba[from + 1], alpha);
            rgb[to + 2] = OverWhite(rgba[from + 2], alpha);
        }

        return rgb;
    }

    /// <summary>RGB to opaque RGBA.</summary>
    public static void ToRgba(ReadOnlySpan<byte> rgb, Span<byte> rgba)
    {
        for (int from = 0, to = 0; from < rgb.Length; from += RgbImage.Channels, to += 4)
        {
            rgb.Slice(from, RgbImage.Channels).CopyTo(rgba[to..]);
            rgba[to + 3] = 255;
        }
    }

    /// <summary>
    /// Rotates or mirrors a stored image according to its EXIF orientation. The names of <see cref="SKEncodedOrigin"/> say where
    /// row 0 and column 0 of the stored image are displayed: <c>RightTop</c> means row 0 at the right, column 0 at the top.
    /// </summary>
    public static RgbImage Upright(RgbImage image, SKEncodedOrigin origin)
    {
        if (origin is SKEncodedOrigin.Default)
        {
            return image;
        }

        bool swapped = origin
            is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        (int width, int height) = swapped ? (image.Height, image.Width) : (image.Width, image.Height);
        bool fromRight = origin
            is SKEncodedOrigin.TopRight or SKEncodedOrigin.BottomRight or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom;
        bool fromBottom = origin
            is SKEncodedOrigin.BottomRight or SKEncodedOrigin.BottomLeft or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        byte[] turned = new byte[image.Pixels.Length];
        int to = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, to += RgbImage.Channels)
            {
                int a = fromRight ? width - 1 - x : x;
                int b = fromBottom ? height - 1 - y : y;
                (int column, int row) = swapped ? (b, a) : (a, b);
                image.Pixels.AsSpan(((row * image.Width) + column) * RgbImage.Channels, RgbImage.Channels).CopyTo(turned.AsSpan(to));
            }
        }

        return new RgbImage(width, height, turned);
    }

    private static byte OverWhite(int value, int alpha) => (byte)(((value * alpha) + (255 * (255 - alpha)) + 127) / 255);
}
