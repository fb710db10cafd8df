using GMem.FileFormats;
using SkiaSharp;

namespace GMem.Images;

/// <summary>Writes images as PNG files. Writes are atomic: the data go to a temporary file, which is then renamed.</summary>
public static class PngWriter
{
    /// <summary>Writes one image.</summary>
    /// <param name="path">The file. Its folder must exist; an existing file is replaced.</param>
    /// <param name="image">The image.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, RgbImage image)
    {
        byte[] png = Encode(image);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <summary>Encodes an image as an 8-bit PNG: grey, RGB or RGBA, as the image is.</summary>
    /// <param name="image">The image.</param>
    /// <returns>The bytes of a complete PNG file.</returns>
    public static byte[] Encode(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        bool isGrey = image.Channels == ImageShape.Grey;
        SKAlphaType alpha = image.Channels == ImageShape.Rgba ? SKAlphaType.Unpremul : SKAlphaType.Opaque;
        using SKBitmap bitmap = new(new SKImageInfo(
            image.Width, image.Height, isGrey ? SKColorType.Gray8 : SKColorType.Rgba8888, alpha));
        Span<byte> pixels;
        unsafe
        {
            pixels = new((void*)bitmap.GetPixels(), bitmap.ByteCount);
        }

        if (isGrey)
        {
            // A row of one byte a pixel may be padded.
            for (int y = 0; y < image.Height; y++)
            {
                image.Pixels.AsSpan(y * image.Width, image.Width).CopyTo(pixels[(y * bitmap.RowBytes)..]);
            }
        }
        else
        {
            PixelConversion.ToRgba(image, pixels);
        }

        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
            ?? throw new InvalidOperationException($"An image of {image.Width} x {image.Height} pixels cannot be encoded as PNG.");
        return data.ToArray();
    }
}
