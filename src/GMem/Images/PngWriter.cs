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

    /// <summary>Encodes an image as an 8-bit RGB PNG.</summary>
    /// <param name="image">The image.</param>
    /// <returns>The bytes of a complete PNG file.</returns>
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
