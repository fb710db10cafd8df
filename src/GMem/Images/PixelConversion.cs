namespace GMem.Images;

/// <summary>Lays a decoder's output over white, and makes an encoder's input of RGB.</summary>
internal static class PixelConversion
{
    /// <summary>Composites RGBA (not premultiplied) over a white background in place, rounding to nearest.</summary>
    public static void OverWhite(Span<byte> rgba)
    {
        for (int at = 0; at < rgba.Length; at += 4)
        {
            int alpha = rgba[at + 3];
            if (alpha < 255)
            {
                rgba[at] = OverWhite(rgba[at], alpha);
                rgba[at + 1] = OverWhite(rgba[at + 1], alpha);
                rgba[at + 2] = OverWhite(rgba[at + 2], alpha);
            }
        }
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

    private static byte OverWhite(int value, int alpha) => (byte)(((value * alpha) + (255 * (255 - alpha)) + 127) / 255);
}
