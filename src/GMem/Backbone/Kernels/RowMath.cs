using System.Runtime.Intrinsics;

namespace GMem.Backbone.Kernels;

/// <summary>Arithmetic on single rows.</summary>
internal static unsafe class RowMath
{
    /// <summary><c>result = a + b</c>; the result may be either.</summary>
    public static void Add(float* a, float* b, float* result, long width)
    {
        long i = 0;
        for (; i + SimdMath.Width <= width; i += SimdMath.Width)
        {
            (Vector512.Load(a + i) + Vector512.Load(b + i)).Store(result + i);
        }

        for (; i < width; i++)
        {
            result[i] = a[i] + b[i];
        }
    }

    /// <summary><c>result = x + gate y</c>.</summary>
    public static void Gate(float* x, float* gate, float* y, float* result, long width)
    {
        long i = 0;
        for (; i + SimdMath.Width <= width; i += SimdMath.Width)
        {
            Vector512.FusedMultiplyAdd(Vector512.Load(gate + i), Vector512.Load(y + i), Vector512.Load(x + i)).Store(result + i);
        }

        for (; i < width; i++)
        {
            result[i] = MathF.FusedMultiplyAdd(gate[i], y[i], x[i]);
        }
    }

    /// <summary>The way back through <see cref="Gate"/>, given the gradient <paramref name="g"/> of its result, which is that of x: adds to the gate's and writes y's, which may take the place of y.</summary>
    public static void GateBackward(float* gate, float* y, float* g, float* gradGate, float* gradY, long width)
    {
        long i = 0;
        for (; i + SimdMath.Width <= width; i += SimdMath.Width)
        {
            Vector512<float> gradient = Vector512.Load(g + i);
            Vector512.FusedMultiplyAdd(gradient, Vector512.Load(y + i), Vector512.Load(gradGate + i)).Store(gradGate + i);
            (gradient * Vector512.Load(gate + i)).Store(gradY + i);
        }

        for (; i < width; i++)
        {
            gradGate[i] += g[i] * y[i];
            gradY[i] = g[i] * gate[i];
        }
    }
}
