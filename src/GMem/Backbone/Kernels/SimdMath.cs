using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GMem.Backbone.Kernels;

/// <summary>Vector arithmetic of the kernels. A vector of 512 bits is two of 256 where the processor has no wider ones.</summary>
internal static class SimdMath
{
    /// <summary>Numbers of a vector.</summary>
    public const int Width = 16;

    /// <summary>How far ahead <see cref="Prefetch"/> asks: half a kilobyte.</summary>
    private const int PrefetchDistance = 128;

    private const float Log2E = 1.44269504f;

    // ln 2 in two parts, so that x - n ln 2 is exact to float32.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>
    /// Asks for the cache line a little after an address, which may lie beyond the buffer. A processor's own prefetching stops at the end
    /// of every page.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Prefetch(float* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address + PrefetchDistance);
        }
    }

    /// <summary>
    /// exp(x) to about one unit in the last place; never below the smallest normal number, and infinite from x = 88.4 on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.Min(Vector512.Max(x, Vector512.Create(-87f)), Vector512.Create(89f));
        Vector512<float> n = Vector512.Round(x * Log2E);
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);

        // Taylor's polynomial of degree 7 on |r| <= ln 2 / 2, where its error is below 1e-8.
        Vector512<float> p = Vector512.Create(1f / 5040);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 720));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 120));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 24));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 6));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        Vector512<int> power = (Vector512.ConvertToInt32(n) + Vector512.Create(127)) << 23;
        return p * power.AsSingle();
    }

    /// <summary>1 / (1 + exp(-x)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>Loads the <paramref name="count"/> numbers of a row's end, the rest zero.</summary>
    public static unsafe Vector512<float> LoadPart(float* source, long count)
    {
        float* part = stackalloc float[Width];
        new Span<float>(source, (int)count).CopyTo(new Span<float>(part, Width));
        new Span<float>(part + count, (int)(Width - count)).Clear();
        return Vector512.Load(part);
    }

    /// <summary>Stores the first <paramref name="count"/> numbers.</summary>
    public static unsafe void StorePart(Vector512<float> value, float* target, long count)
    {
        float* part = stackalloc float[Width];
        value.Store(part);
        new Span<float>(part, (int)count).CopyTo(new Span<float>(target, (int)count));
    }
}
