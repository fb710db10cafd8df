using System.Collections.Concurrent;

namespace GMem.Images;

/// <summary>
/// Fixed-point weights for resampling one axis from <c>inSize</c> to <c>outSize</c> pixels, for the output pixels
/// <c>first</c> to <c>first + count - 1</c>. This is Pillow's scheme: antialiased when shrinking, with 22 fractional bits.
/// </summary>
internal sealed class ResampleWeights
{
    /// <summary>Fractional bits of a weight; 255 times the sum of their magnitudes fits 32 bits.</summary>
    public const int Precision = 22;

    private const int MaxCached = 256;
    private static readonly ConcurrentDictionary<(ResampleFilter, int, int, int, int), ResampleWeights> Cache = new();

    private ResampleWeights(ResampleFilter filter, int inSize, int outSize, int first, int count)
    {
        Starts = new int[count];
        Weights = new int[count][];
        double scale = (double)inSize / outSize;
        double stretch = Math.Max(scale, 1.0);
        double support = Radius(filter) * stretch;
        for (int i = 0; i < count; i++)
        {
            double centre = (first + i + 0.5) * scale;
            int start = Math.Max((int)(centre - support + 0.5), 0);
            int end = Math.Min((int)(centre + support + 0.5), inSize);
            Starts[i] = start;
            Weights[i] = Fixed(filter, start, end, centre, stretch);
        }
    }

    /// <summary>First source pixel of each output pixel.</summary>
    public int[] Starts { get; }

    /// <summary>Weights of the source pixels of each output pixel, beginning at its entry in <see cref="Starts"/>.</summary>
    public int[][] Weights { get; }

    /// <summary>First source pixel that is used at all.</summary>
    public int SourceStart => Starts[0];

    public static ResampleWeights Get(ResampleFilter filter, int inSize, int outSize, int first, int count)
    {
        // Otherwise a folder of photos of thousands of sizes would make the cache grow without limit.
        if (Cache.Count > MaxCached)
        {
            Cache.Clear();
        }

        return Cache.GetOrAdd(
            (filter, inSize, outSize, first, count), static key =>
                new ResampleWeights(key.Item1, key.Item2, key.Item3, key.Item4, key.Item5));
    }

    private static int[] Fixed(ResampleFilter filter, int start, int end, double centre, double stretch)
    {
        double[] values = new double[end - start];
        double sum = 0;
        for (int p = 0; p < values.Length; p++)
        {
            values[p] = Value(filter, (start + p + 0.5 - centre) / stretch);
            sum += values[p];
        }

        return Array.ConvertAll(values, v => (int)Math.Round(v / sum * (1 << Precision), MidpointRounding.AwayFromZero));
    }

    private static double Radius(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear => 1.0,
        _ => 2.0,
    };

    private static double Value(ResampleFilter filter, double x)
    {
        if (filter == ResampleFilter.Box)
        {
            return x is > -0.5 and <= 0.5 ? 1.0 : 0.0;
        }

        double d = Math.Abs(x);
        if (filter == ResampleFilter.Bilinear)
        {
            return Math.Max(1.0 - d, 0.0);
        }

        const double A = -0.5;
        return d switch
        {
            < 1.0 => ((((A + 2.0) * d) - (A + 3.0)) * d * d) + 1.0,
            < 2.0 => ((((d - 5.0) * d) + 8.0) * d - 4.0) * A,
            _ => 0.0,
        };
    }
}
