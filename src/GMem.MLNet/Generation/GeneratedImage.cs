using System.Runtime.InteropServices;
using Microsoft.ML.Data;

namespace GMem.MLNet.Generation;

/// <summary>One generated image in managed memory: RGBA, row after row, opaque.</summary>
/// <param name="Size">Side in pixels.</param>
/// <param name="Rgba"><c>Size * Size * 4</c> bytes.</param>
internal sealed record GeneratedImage(int Size, byte[] Rgba)
{
    private const int Channels = 4;

    public static GeneratedImage[] Generate(IImageGenerator generator, IReadOnlyList<GenerationRequest> requests)
    {
        using GeneratedImages batch = generator.Generate(requests);
        ReadOnlySpan<byte> pixels = batch.Pixels.bytes;
        int size = generator.ImageSize;
        int bytes = pixels.Length / requests.Count;
        GeneratedImage[] images = new GeneratedImage[requests.Count];
        for (int i = 0; i < images.Length; i++)
        {
            images[i] = new GeneratedImage(size, Interleave(pixels.Slice(i * bytes, bytes)));
        }

        return images;
    }

    /// <summary>A new image, which belongs to the caller.</summary>
    public MLImage ToMLImage() => MLImage.CreateFromPixels(Size, Size, MLPixelFormat.Rgba32, Rgba);

    /// <summary>From planes <c>[3, S, S]</c> to pixels <c>[S, S, 4]</c>.</summary>
    private static byte[] Interleave(ReadOnlySpan<byte> planes)
    {
        int plane = planes.Length / 3;
        ReadOnlySpan<byte> red = planes[..plane];
        ReadOnlySpan<byte> green = planes.Slice(plane, plane);
        ReadOnlySpan<byte> blue = planes[(2 * plane)..];
        byte[] pixels = new byte[plane * Channels];
        Span<Pixel> target = MemoryMarshal.Cast<byte, Pixel>(pixels.AsSpan());
        for (int i = 0; i < plane; i++)
        {
            target[i] = new Pixel(red[i], green[i], blue[i], byte.MaxValue);
        }

        return pixels;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Pixel(byte Red, byte Green, byte Blue, byte Alpha);
}
