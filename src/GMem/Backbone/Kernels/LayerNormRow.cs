using System.Runtime.Intrinsics;

namespace GMem.Backbone.Kernels;

/// <summary>LayerNorm and modulation of one token.</summary>
internal static unsafe class LayerNormRow
{
    private const float Epsilon = 1e-6f;

    /// <summary>Writes <c>(x - mean) inverse (1 + scale) + shift</c> and gives mean and inverse deviation.</summary>
    public static (float Mean, float Inverse) Forward(float* x, float* scale, float* shift, float* output, long width)
    {
        long whole = width / SimdMath.Width * SimdMath.Width;
        Vector512<float> sum = Vector512<float>.Zero, squares = Vector512<float>.Zero;
        for (long i = 0; i < whole; i += SimdMath.Width)
        {
            sum += Vector512.Load(x + i);
        }

        float mean = (Vector512.Sum(sum) + Tail(x, whole, width, 0, power: 1)) / width;
        Vector512<float> center = Vector512.Create(mean);
        for (long i = 0; i < whole; i += SimdMath.Width)
        {
            Vector512<float> d = Vector512.Load(x + i) - center;
            squares = Vector512.FusedMultiplyAdd(d, d, squares);
        }

        float variance = (Vector512.Sum(squares) + Tail(x, whole, width, mean, power: 2)) / width;
        float inverse = 1 / MathF.Sqrt(variance + Epsilon);
        for (long i = 0; i < whole; i += SimdMath.Width)
        {
            Vector512<float> normalised = (Vector512.Load(x + i) - center) * inverse;
            Vector512.FusedMultiplyAdd(normalised, Vector512.Load(scale + i) + Vector512<float>.One, Vector512.Load(shift + i))
                .Store(output + i);
        }

        for (long i = whole; i < width; i++)
        {
            output[i] = MathF.FusedMultiplyAdd((x[i] - mean) * inverse, scale[i] + 1, shift[i]);
        }

        return (mean, inverse);
    }

    /// <summary>
    /// With <c>n</c> the normalised token and <c>h = g (1 + scale)</c>: writes <c>inverse (h - mean(h) - n mean(h n))</c> and adds <c>g
    /// n</c> and <c>g</c> to the gradients of scale and shift.
    /// </summary>
    public static void Backward(
        float* x, float mean, float inverse, float* scale, float* g, float* gradX, float* gradScale, float* gradShift, long width)
    {
        long whole = width / SimdMath.Width * SimdMath.Width;
        Vector512<float> center = Vector512.Create(mean), sum = Vector512<float>.Zero, product = Vector512<float>.Zero;
        for (long i = 0; i < whole; i += SimdMath.Width)
        {
            Vector512<float> n = (Vector512.Load(x + i) - center) * inverse, gradient = Vector512.Load(g + i);
            Vector512<float> h = gradient * (Vector512.Load(scale + i) + Vector512<float>.One);
            sum += h;
            product = Vector512.FusedMultiplyAdd(h, n, product);
            Vector512.FusedMultiplyAdd(gradient, n, Vector512.Load(gradScale + i)).Store(gradScale + i);
            (gradient + Vector512.Load(gradShift + i)).Store(gradShift + i);
        }

        float meanH = Vector512.Sum(sum), meanProduct = Vector512.Sum(product);
        for (long i = whole; i < width; i++)
        {
            float n = (x[i] - mean) * inverse, h = g[i] * (scale[i] + 1);
            (meanH, meanProduct) = (meanH + h, meanProduct + (h * n));
            (gradScale[i], gradShift[i]) = (gradScale[i] + (g[i] * n), gradShift[i] + g[i]);
        }

        (meanH, meanProduct) = (meanH / width, meanProduct / width);
        for (long i = 0; i < whole; i += SimdMath.Width)
        {
            Vector512<float> n = (Vector512.Load(x + i) - center) * inverse;
            Vector512<float> h = Vector512.Load(g + i) * (Vector512.Load(scale + i) + Vector512<float>.One);
            ((h - Vector512.Create(meanH) - (n * meanProduct)) * inverse).Store(gradX + i);
        }

        for (long i = whole; i < width; i++)
        {
            gradX[i] = ((g[i] * (scale[i] + 1)) - meanH - ((x[i] - mean) * inverse * meanProduct)) * inverse;
        }
    }

    private static float Tail(float* x, long from, long to, float mean, int power)
    {
        float sum = 0;
        for (long i = from; i < to; i++)
        {
            float d = x[i] - mean;
            sum += power == 1 ? d : d * d;
        }

        return sum;
    }
}
