using System.Numerics;

namespace GMem.Images;

/// <summary>
/// Resampling that matches Pillow byte for byte. The horizontal pass comes first, each pass is rounded and clipped to 8 bits,
/// and a pass that does not change the size is skipped. Only the requested part is computed.
/// </summary>
internal static class PillowResize
{
    private const int Half = 1 << (ResampleWeights.Precision - 1);

    /// <summary>Resizes the whole image.</summary>
    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter) =>
        Resize(image, width, height, filter, 0, 0, width, height);

    /// <summary>The part of <c>partWidth x partHeight</c> pixels at (x, y) of the resized image.</summary>
    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter, int x, int y, int partWidth, int partHeight)
    {
        ResampleWeights? vertical = height == image.Height ? null : ResampleWeights.Get(filter, image.Height, height, y, partHeight);
        int top = vertical?.SourceStart ?? y;
        int rows = (vertical?.SourceEnd ?? (y + partHeight)) - top;
        byte[] pixels = width == image.Width
            ? Columns(image, x, partWidth, top, rows)
            : Horizontal(image, ResampleWeights.Get(filter, image.Width, width, x, partWidth), top, rows);
        return new RgbImage(partWidth, partHeight, vertical is null ? pixels : Vertical(pixels, partWidth * RgbImage.Channels, vertical));
    }

    private static byte[] Columns(RgbImage image, int x, int columns, int top, int rows)
    {
        int stride = columns * RgbImage.Channels;
        byte[] part = new byte[rows * stride];
        for (int row = 0; row < rows; row++)
        {
            image.Pixels.AsSpan((((top + row) * image.Width) + x) * RgbImage.Channels, stride).CopyTo(part.AsSpan(row * stride));
        }

        return part;
    }

    private static byte[] Horizontal(RgbImage image, ResampleWeights weights, int top, int rows)
    {
        byte[] result = new byte[rows * weights.Starts.Length * RgbImage.Channels];
        int to = 0;
        for (int row = top; row < top + rows; row++)
        {
            ReadOnlySpan<byte> source = image.Pixels.AsSpan(row * image.Width * RgbImage.Channels, image.Width * RgbImage.Channels);
            for (int i = 0; i < weights.Starts.Length; i++, to += RgbImage.Channels)
            {
                (int red, int green, int blue) = (Half, Half, Half);
                int from = weights.Starts[i] * RgbImage.Channels;
                foreach (int weight in weights.Weights[i])
                {
                    red += weight * source[from];
                    green += weight * source[from + 1];
                    blue += weight * source[from + 2];
                    from += RgbImage.Channels;
                }

                result[to] = Clip(red);
                result[to + 1] = Clip(green);
                result[to + 2] = Clip(blue);
            }
        }

        return result;
    }

    private static byte[] Vertical(byte[] source, int stride, ResampleWeights weights)
    {
        byte[] result = new byte[weights.Starts.Length * stride];
        int[] sums = new int[stride];
        for (int i = 0; i < weights.Starts.Length; i++)
        {
            Array.Fill(sums, Half);
            int row = weights.Starts[i] - weights.SourceStart;
            foreach (int weight in weights.Weights[i])
            {
                AddWeighted(sums, source.AsSpan(row++ * stride, stride), weight);
            }

            Span<byte> target = result.AsSpan(i * stride, stride);
            for (int k = 0; k < stride; k++)
            {
                target[k] = Clip(sums[k]);
            }
        }

        return result;
    }

    private static void AddWeighted(Span<int> sums, ReadOnlySpan<byte> row, int weight)
    {
        int k = 0;
        for (; k <= row.Length - Vector<byte>.Count; k += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(row[k..]), out Vector<ushort> low, out Vector<ushort> high);
            Add(sums[k..], low, weight);
            Add(sums[(k + Vector<ushort>.Count)..], high, weight);
        }

        for (; k < row.Length; k++)
        {
            sums[k] += weight * row[k];
        }
    }

    private static void Add(Span<int> sums, Vector<ushort> values, int weight)
    {
        Vector.Widen(values, out Vector<uint> low, out Vector<uint> high);
        (new Vector<int>(sums) + (Vector.AsVectorInt32(low) * weight)).CopyTo(sums);
        Span<int> second = sums[Vector<int>.Count..];
        (new Vector<int>(second) + (Vector.AsVectorInt32(high) * weight)).CopyTo(second);
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleWeights.Precision, 0, 255);
}
