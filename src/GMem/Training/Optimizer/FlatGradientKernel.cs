using System.Runtime.Intrinsics;
using GMem.Backbone.Kernels;

namespace GMem.Training;

/// <summary>Sums over flat gradients on the CPU: limited by memory bandwidth, so on all threads, and each in one pass.</summary>
/// <remarks>libtorch's norm of a whole tensor is computed by one thread, and in float32.</remarks>
internal static unsafe class FlatGradientKernel
{
    /// <summary>The L2 norm, the same whatever the number of threads.</summary>
    public static double Norm(float* gradients, long count) => Norm(SquaresOfBlocks(gradients, count));

    /// <summary>The same from the sums of all blocks.</summary>
    public static double Norm(double[] squaresOfBlocks) => Math.Sqrt(squaresOfBlocks.Sum());

    /// <summary>A sum of squares for each block.</summary>
    public static double[] SquaresOfBlocks(float* gradients, long count)
    {
        double[] sums = new double[FlatBlocks.Count(count)];
        FlatBlocks.For(count, (block, begin, end) => sums[block] = SumOfSquares(gradients, begin, end));
        return sums;
    }

    /// <summary>Adds <paramref name="gradients"/> to <paramref name="sum"/>, and makes them zero.</summary>
    public static void Move(float* gradients, float* sum, long count) => FlatBlocks.For(count, (_, begin, end) =>
    {
        long i = begin;
        for (; i + SimdMath.Width <= end; i += SimdMath.Width)
        {
            (Vector512.Load(sum + i) + Vector512.Load(gradients + i)).Store(sum + i);
            Vector512<float>.Zero.Store(gradients + i);
        }

        for (; i < end; i++)
        {
            sum[i] += gradients[i];
            gradients[i] = 0;
        }
    });

    private static double SumOfSquares(float* gradients, long begin, long end)
    {
        // Four places at once: a core fetches one run of addresses at a fraction of what memory gives.
        long quarter = (end - begin) / (4 * SimdMath.Width) * SimdMath.Width;
        Vector512<double> sums = Vector512<double>.Zero;
        for (long i = begin; i < begin + quarter; i += SimdMath.Width)
        {
            sums += Squares(gradients + i) + Squares(gradients + i + quarter)
                + (Squares(gradients + i + (2 * quarter)) + Squares(gradients + i + (3 * quarter)));
        }

        double sum = Vector512.Sum(sums);
        for (long i = begin + (4 * quarter); i < end; i++)
        {
            sum += (double)gradients[i] * gradients[i];
        }

        return sum;
    }

    /// <summary>In float64, where no finite float32 overflows.</summary>
    private static Vector512<double> Squares(float* numbers)
    {
        (Vector512<double> lower, Vector512<double> upper) = Vector512.Widen(Vector512.Load(numbers));
        return Vector512.FusedMultiplyAdd(lower, lower, upper * upper);
    }
}
