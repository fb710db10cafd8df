using System.Numerics;

namespace GMem.Images;

/// <summary>
/// Resampling that matches Pillow byte for byte. The horizontal pass comes first, each pass is rounded and clipped to 8 bits,
/// and a pass that does not change the size is skipped. Only the requested part is computed, and only some rows are held beside it. With
/// alpha, colours are multiplied by it before and divided by it after, so that those of transparent pixels do not show.
/// </summary>
internal static class PillowResize
{
    private const int Half = 1 << (ResampleWeights.Precision - 1);

    /// <summary>Resizes the whole image.</summary>
    public static RgbImage Resize(PixelView image, int width, int height, ResampleFilter filter) =>
        Resize(image, width, height, filter, 0, 0, width, height);

    /// <summary>The part of <c>partWidth x partHeight</c> pixels at (x, y) of the resized image.</summary>
    public static RgbImage Resize(
        PixelView image, int width, int height, ResampleFilter filter, int x, int y, int partWidth, int partHeight)
    {
        ResampleWeights? vertical = height == image.Height ? null : ResampleWeights.Get(filter, image.Height, height, y, partHeight);
        ResampleWeights? horizontal = width == image.Width ? null : ResampleWeights.Get(filter, image.Width, width, x, partWidth);
        int stride = partWidth * image.Channels;
        bool premultiply = image.Channels == ImageShape.Rgba && (vertical is not null || horizontal is not null);
        byte[] pixels = new byte[checked(partHeight * stride)];
        if (vertical is null)
        {
            for (int row = 0; row < partHeight; row++)
            {
                Horizontal(image, horizontal, x, y + row, premultiply, pixels.AsSpan(row * stride, stride));
            }
        }
        else
        {
            Vertical(image, horizontal, vertical, x, stride, pixels);
        }

        if (premultiply)
        {
            PixelConversion.Unpremultiply(pixels);
        }

        return new RgbImage(partWidth, partHeight, pixels, image.Channels);
    }

    /// <summary>One row of the source, scaled along it, or a part of it as it is.</summary>
    private static void Horizontal(PixelView image, ResampleWeights? weights, int x, int row, bool premultiply, Span<byte> result)
    {
        if (weights is null)
        {
            image.CopyRow(row, x, result);
            if (premultiply)
            {
                PixelConversion.Premultiply(result);
            }
        }
        else if (image.Channels == ImageShape.Rgb)
        {
            Rgb(image, weights, row, result);
        }
        else
        {
            GreyOrRgba(image, weights, row, result);
        }
    }

    private static void GreyOrRgba(PixelView image, ResampleWeights weights, int row, Span<byte> result)
    {
        ReadOnlySpan<byte> source = image.Bytes;
        (int start, int step, int channels) = (image.RowStart(row), image.ColumnStep, image.Channels);
        for (int to = 0; to < result.Length; to++)
        {
            (int pixel, int channel) = Math.DivRem(to, channels);
            bool isColour = channels == ImageShape.Rgba && channel != 3;
            int sum = Half, from = start + (weights.Starts[pixel] * step);
            foreach (int weight in weights.Weights[pixel])
            {
                int value = source[from + channel];
                sum += weight * (isColour ? PixelConversion.Premultiplied(value, source[from + 3]) : value);
                from += step;
            }

            result[to] = Clip(sum);
        }
    }

    private static void Rgb(PixelView image, ResampleWeights weights, int row, Span<byte> result)
    {
        ReadOnlySpan<byte> source = image.Bytes;
        (int start, int step) = (image.RowStart(row), image.ColumnStep);
        for (int i = 0, to = 0; i < weights.Starts.Length; i++, to += ImageShape.Rgb)
        {
            (int red, int green, int blue) = (Half, Half, Half);
            int from = start + (weights.Starts[i] * step);
            foreach (int weight in weights.Weights[i])
            {
                red += weight * source[from];
                green += weight * source[from + 1];
                blue += weight * source[from + 2];
                from += step;
            }

            result[to] = Clip(red);
            result[to + 1] = Clip(green);
            result[to + 2] = Clip(blue);
        }
    }

    /// <summary>Rows of the source are scaled as they are needed, and only as many are kept as a row of the result is made of.</summary>
    private static void Vertical(
        PixelView image, ResampleWeights? horizontal, ResampleWeights vertical, int x, int stride, Span<byte> result)
    {
        int kept = vertical.Weights.Max(w => w.Length);
        byte[] ring = new byte[checked(kept * stride)];
        int[] sums = new int[stride];
        int next = vertical.SourceStart;
        for (int i = 0; i < vertical.Starts.Length; i++)
        {
            Array.Fill(sums, Half);
            int row = vertical.Starts[i];
            foreach (int weight in vertical.Weights[i])
            {
                Span<byte> scaled = ring.AsSpan(row % kept * stride, stride);
                if (row >= next)
                {
                    Horizontal(image, horizontal, x, row, image.Channels == ImageShape.Rgba, scaled);
                    next = row + 1;
                }

                AddWeighted(sums, scaled, weight);
                row++;
            }

            Span<byte> target = result.Slice(i * stride, stride);
            for (int k = 0; k < stride; k++)
            {
                target[k] = Clip(sums[k]);
            }
        }
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
