using System.Runtime.Intrinsics;

namespace GMem.Backbone.Kernels;

/// <summary>Arithmetic on single rows.</summary>
internal static unsafe class RowMath
{
    /// <summary>
    /// Backward pass of <c>x + gate y</c>: from the gradient <paramref name="g"/> of the result, which is also that of x, adds to the
    /// gate's gradient and writes y's, which may overwrite y.
    /// </summary>
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
