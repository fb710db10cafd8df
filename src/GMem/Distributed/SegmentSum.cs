using System.Runtime.Intrinsics;

namespace GMem.Distributed;

/// <summary>
/// Sums in a fixed order: neighbours in pairs, then pairs of pairs. A rank that has summed a power of two of neighbours gives what it would
/// in one process that had them all, so the bits do not depend on how many ranks there are.
/// </summary>
internal static unsafe class SegmentSum
{
    /// <summary>The sum of rows one after the other, into the first; the others are overwritten.</summary>
    /// <param name="rows">The first row.</param>
    /// <param name="count">Rows.</param>
    /// <param name="length">Numbers of a row.</param>
    public static void Pairwise(float* rows, int count, long length)
    {
        for (int stride = 1; stride < count; stride *= 2)
        {
            for (int row = 0; row + stride < count; row += 2 * stride)
            {
                Add(rows + (row * length), rows + ((row + stride) * length), length);
            }
        }
    }

    private static void Add(float* sum, float* other, long length)
    {
        int width = Vector512<float>.Count;
        long i = 0;
        for (; i + width <= length; i += width)
        {
            (Vector512.Load(sum + i) + Vector512.Load(other + i)).Store(sum + i);
        }

        for (; i < length; i++)
        {
            sum[i] += other[i];
        }
    }
}
