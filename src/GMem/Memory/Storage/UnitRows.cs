using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>
/// Brings rows to unit length in place. Lengths are summed in double. Every row is processed by itself, so that its bits do not
/// depend on how many others come with it. There are no temporaries: pages are many megabytes long.
/// </summary>
internal static unsafe class UnitRows
{
    private const double UnitTolerance = 1e-3;

    /// <summary>
    /// Brings every row of a contiguous CPU tensor <c>[k, m]</c> of 32-bit floats to unit length. Rows without a direction are
    /// left alone.
    /// </summary>
    /// <returns>The rows that have no direction: not finite, or shorter than <see cref="SnippetAlgebra.MinimumNorm"/>.</returns>
    public static List<int> Normalize(torch.Tensor rows)
    {
        ConcurrentBag<int> refused = [];
        float* address = (float*)TensorBytes.Address(rows);
        int width = (int)rows.shape[1];
        ParallelRows.For(rows.shape[0], width, (from, to) =>
        {
            for (long i = from; i < to; i++)
            {
                Span<float> row = new(address + (i * width), width);
                double length = Length(row);
                if (double.IsFinite(length) && length >= SnippetAlgebra.MinimumNorm)
                {
                    Scale(row, 1 / length);
                }
                else
                {
                    refused.Add((int)i);
                }
            }
        });
        return [.. refused.Order()];
    }

    /// <summary>The first row that is not of unit length, by more than rounding; null where all are.</summary>
    public static int? FirstNotUnit(torch.Tensor rows)
    {
        float* address = (float*)TensorBytes.Address(rows);
        int width = (int)rows.shape[1];
        int first = int.MaxValue;
        ParallelRows.For(rows.shape[0], width, (from, to) =>
        {
            for (long i = from; i < to; i++)
            {
                if (!(Math.Abs(Length(new ReadOnlySpan<float>(address + (i * width), width)) - 1) < UnitTolerance))
                {
                    InterlockedMinimum(ref first, (int)i);
                    return;
                }
            }
        });
        return first == int.MaxValue ? null : first;
    }

    private static void InterlockedMinimum(ref int target, int value)
    {
        for (int seen = target; value < seen;)
        {
            int before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    // Optimised at once: a look-up of a thousand rows should not be slow until the runtime has noticed.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Length(ReadOnlySpan<float> row)
    {
        Vector<double> even = Vector<double>.Zero;
        Vector<double> odd = Vector<double>.Zero;
        int i = 0;
        for (; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(row[i..]), out Vector<double> low, out Vector<double> high);
            even += low * low;
            odd += high * high;
        }

        double sum = Vector.Sum(even + odd);
        for (; i < row.Length; i++)
        {
            sum += (double)row[i] * row[i];
        }

        return Math.Sqrt(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(Span<float> row, double factor)
    {
        Vector<double> factors = new(factor);
        int i = 0;
        for (; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(row[i..]), out Vector<double> low, out Vector<double> high);
            Vector.Narrow(low * factors, high * factors).CopyTo(row[i..]);
        }

        for (; i < row.Length; i++)
        {
            row[i] = (float)(row[i] * factor);
        }
    }
}
