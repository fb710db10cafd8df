using GMem.FileFormats;
using SkiaSharp;

namespace GMem.Images;

/// <summary>Writes images as PNG files. A file's name never stands for half of it: it is written beside and then renamed.</summary>
public static class PngWriter
{
    /// <summary>Writes one image.</summary>
    /// <param name="path">The file; its folder must exist, an existing file is replaced.</param>
    /// <param name="image">The image.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, RgbImage image)
    {
        byte[] png = Encode(image);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <summary>The bytes of a PNG file, 8-bit RGB.</summary>
    /// <param name="image">The image.</param>
    /// <returns>A whole file.</returns>
    public static byte[] Encode(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using SKBitmap bitmap = new(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        unsafe
        {
            PixelConversion.ToRgba(image.Pixels, new Span<byte>((void*)bitmap.GetPixels(), bitmap.ByteCount));
        }

        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
            ?? throw new InvalidOperationException($"An image of {image.Width} x {image.Height} pixels cannot be encoded as PNG.");
        return data.ToArray();
    }
}
