using System.Runtime.InteropServices;
using GMem.Images;

namespace GMem.MLNet.Generation;

/// <summary>From pictures to ML.NET's images.</summary>
internal static class MLImages
{
    private const int Channels = 4;

    /// <summary>A new image, which belongs to the caller.</summary>
    public static MLImage From(RgbImage image)
    {
        if (image.Channels != ImageShape.Rgb)
        {
            return MLImage.CreateFromPixels(image.Width, image.Height, MLPixelFormat.Rgba32, Premultiplied(image));
        }

        byte[] rgba = new byte[image.Width * image.Height * Channels];
        ReadOnlySpan<Rgb> source = MemoryMarshal.Cast<byte, Rgb>(image.Pixels.AsSpan());
        Span<Rgba> target = MemoryMarshal.Cast<byte, Rgba>(rgba.AsSpan());
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = new Rgba(source[i].Red, source[i].Green, source[i].Blue, byte.MaxValue);
        }

        return MLImage.CreateFromPixels(image.Width, image.Height, MLPixelFormat.Rgba32, rgba);
    }

    private static byte[] Premultiplied(RgbImage image)
    {
        byte[] rgba = image.Channels == ImageShape.Rgba ? [.. image.Pixels] : image.ToChannels(ImageShape.Rgba).Pixels;
        for (int at = 0; at < rgba.Length; at++)
        {
            int alpha = rgba[at | 3];
            rgba[at] = at % Channels == 3 ? rgba[at] : (byte)(((rgba[at] * alpha) + (byte.MaxValue / 2)) / byte.MaxValue);
        }

        return rgba;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Rgb(byte Red, byte Green, byte Blue);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Rgba(byte Red, byte Green, byte Blue, byte Alpha);
}
