using System.Runtime.Intrinsics;
using GMem.Backbone.Kernels;
using GMem.FileFormats;

namespace GMem.Training;

/// <summary>
/// Clip scale, AdamW and moving average in one pass over memory on the CPU, which leaves the gradients zero. The update is limited by
/// memory bandwidth: as separate operations it would read and write every buffer several times.
/// </summary>
internal static class FlatAdamWKernel
{
    public static unsafe void Update(
        FlatAdamW state,
        AdamWSettings settings,
        double gradientScale,
        double stepSize,
        double shrink,
        double rootCorrection2,
        double averageDecay)
    {
        Pointers p = new(
            (float*)TensorBytes.Address(state.Weights),
            (float*)TensorBytes.Address(state.Gradients),
            (float*)TensorBytes.Address(state.FirstMoment),
            (float*)TensorBytes.Address(state.SecondMoment),
            (float*)TensorBytes.Address(state.Average));
        Constants c = new(
            (float)gradientScale,
            (float)settings.Beta1,
            (float)(1 - settings.Beta1),
            (float)settings.Beta2,
            (float)(1 - settings.Beta2),
            (float)(1 / rootCorrection2),
            (float)settings.Epsilon,
            (float)stepSize,
            (float)shrink,
            (float)averageDecay,
            (float)(1 - averageDecay));
        FlatBlocks.For(state.Weights.numel(), (_, begin, end) => UpdateRange(p, c, begin, end));
    }

    private static unsafe void UpdateRange(Pointers p, Constants c, long begin, long end)
    {
        float* weights = p.Weight, gradients = p.Gradient, first = p.First, second = p.Second, averages = p.Average;
        Vector512<float> epsilon = Vector512.Create(c.Epsilon);
        long i = begin;
        for (; i + SimdMath.Width <= end; i += SimdMath.Width)
        {
            SimdMath.Prefetch(gradients + i);
            SimdMath.Prefetch(first + i);
            SimdMath.Prefetch(second + i);
            SimdMath.Prefetch(weights + i);
            SimdMath.Prefetch(averages + i);
            Vector512<float> g = Vector512.Load(gradients + i) * c.GradientScale;
            Vector512<float> m = (Vector512.Load(first + i) * c.Beta1) + (g * c.OneMinusBeta1);
            Vector512<float> v = (Vector512.Load(second + i) * c.Beta2) + (g * g * c.OneMinusBeta2);
            Vector512<float> denominator = (Vector512.Sqrt(v) * c.InverseRootCorrection2) + epsilon;
            Vector512<float> w = (Vector512.Load(weights + i) * c.Shrink) - (m / denominator * c.StepSize);
            Vector512<float> a = (Vector512.Load(averages + i) * c.AverageDecay) + (w * c.OneMinusAverageDecay);
            m.Store(first + i);
            v.Store(second + i);
            w.Store(weights + i);
            a.Store(averages + i);
            Vector512<float>.Zero.Store(gradients + i);
        }

        for (; i < end; i++)
        {
            float g = p.Gradient[i] * c.GradientScale;
            float m = (p.First[i] * c.Beta1) + (g * c.OneMinusBeta1);
            float v = (p.Second[i] * c.Beta2) + (g * g * c.OneMinusBeta2);
            float w = (p.Weight[i] * c.Shrink) - (m / ((MathF.Sqrt(v) * c.InverseRootCorrection2) + c.Epsilon) * c.StepSize);
            p.First[i] = m;
            p.Second[i] = v;
            p.Weight[i] = w;
            p.Average[i] = (p.Average[i] * c.AverageDecay) + (w * c.OneMinusAverageDecay);
            p.Gradient[i] = 0;
        }
    }

    private readonly unsafe struct Pointers(float* weight, float* gradient, float* first, float* second, float* average)
    {
        public readonly float* Weight = weight;
        public readonly float* Gradient = gradient;
        public readonly float* First = first;
        public readonly float* Second = second;
        public readonly float* Average = average;
    }

    private readonly record struct Constants(
        float GradientScale,
        float Beta1,
        float OneMinusBeta1,
        float Beta2,
        float OneMinusBeta2,
        float InverseRootCorrection2,
        float Epsilon,
        float StepSize,
        float Shrink,
        float AverageDecay,
        float OneMinusAverageDecay);
}
