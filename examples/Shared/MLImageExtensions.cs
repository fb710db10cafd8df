using GMem.Images;
using Microsoft.ML.Data;

namespace Examples.Shared;

internal static class MLImageExtensions
{
    /// <summary>The colours of an image without transparency, for a grid.</summary>
    public static RgbImage ToRgbImage(this MLImage image)
    {
        (int red, int blue) = image.PixelFormat == MLPixelFormat.Bgra32 ? (2, 0) : (0, 2);
        ReadOnlySpan<byte> from = image.Pixels;
        byte[] rgb = new byte[image.Width * image.Height * 3];
        for (int source = 0, target = 0; target < rgb.Length; source += 4, target += 3)
        {
            rgb[target] = from[source + red];
            rgb[target + 1] = from[source + 1];
            rgb[target + 2] = from[source + blue];
        }

        return new RgbImage(image.Width, image.Height, rgb);
    }
}
