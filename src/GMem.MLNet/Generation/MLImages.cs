using System.Runtime.InteropServices;
using GMem.Images;

namespace GMem.MLNet.Generation;

/// <summary>From pictures to ML.NET's images.</summary>
internal static class MLImages
{
    private const int Channels = 4;

    /// <summary>A new, opaque image, which belongs to the caller.</summary>
    public static MLImage From(RgbImage image)
    {
        byte[] rgba = new byte[image.Width * image.Height * Channels];
        ReadOnlySpan<Rgb> source = MemoryMarshal.Cast<byte, Rgb>(image.Pixels.AsSpan());
        Span<Rgba> target = MemoryMarshal.Cast<byte, Rgba>(rgba.AsSpan());
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = new Rgba(source[i].Red, source[i].Green, source[i].Blue, byte.MaxValue);
        }

        return MLImage.CreateFromPixels(image.Width, image.Height, MLPixelFormat.Rgba32, rgba);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Rgb(byte Red, byte Green, byte Blue);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Rgba(byte Red, byte Green, byte Blue, byte Alpha);
}
