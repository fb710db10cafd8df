using System.Numerics;
using GMem.Weights;
using TorchSharp;

namespace GMem.Memory;

/// <summary>
/// Brings rows to unit length in place. Lengths are summed in double and every row is worked on by itself, so that its bits do not depend on how many
/// others come with it; and no temporaries are made of pages that are many megabytes long.
/// </summary>
internal static unsafe class UnitRows
{
    private const double UnitTolerance = 1e-3;

    /// <summary>Makes every row of a contiguous CPU tensor <c>[k, m]</c> of 32-bit floats a unit row; those without a direction stay as they are.</summary>
    /// <returns>The rows that have no direction: not finite, or shorter than <see cref="SnippetAlgebra.MinimumNorm"/>.</returns>
    public static List<int> Normalize(torch.Tensor rows)
    {
        List<int> refused = [];
        float* address = (float*)TensorBytes.Address(rows);
        int width = (int)rows.shape[1];
        for (int i = 0; i < rows.shape[0]; i++)
        {
            Span<float> row = new(address + ((long)i * width), width);
            double length = Length(row);
            if (double.IsFinite(length) && length >= SnippetAlgebra.MinimumNorm)
            {
                Scale(row, 1 / length);
            }
            else
            {
                refused.Add(i);
            }
        }

        return refused;
    }

    /// <summary>The first row that is not of unit length, by more than rounding; null where all are.</summary>
    public static int? FirstNotUnit(torch.Tensor rows)
    {
        float* address = (float*)TensorBytes.Address(rows);
        int width = (int)rows.shape[1];
        for (int i = 0; i < rows.shape[0]; i++)
        {
            if (!(Math.Abs(Length(new ReadOnlySpan<float>(address + ((long)i * width), width)) - 1) < UnitTolerance))
            {
                return i;
            }
        }

        return null;
    }

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
