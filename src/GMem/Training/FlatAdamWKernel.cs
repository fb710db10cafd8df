using System.Numerics;
using GMem.Weights;

namespace GMem.Training;

/// <summary>
/// Clip scale, AdamW and moving average in one pass over memory on the CPU, which leaves the gradients zero. The update is limited by memory bandwidth: as
/// separate operations it would read and write every buffer several times.
/// </summary>
internal static class FlatAdamWKernel
{
    public static unsafe void Update(
        FlatParameters parameters,
        FlatAdamW state,
        AdamWSettings settings,
        double gradientScale,
        double stepSize,
        double shrink,
        double rootCorrection2,
        double averageDecay)
    {
        Pointers p = new(
            (float*)TensorBytes.Address(parameters.Weights),
            (float*)TensorBytes.Address(parameters.Gradients),
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
        FlatBlocks.For(parameters.Count, (_, begin, end) => UpdateRange(p, c, begin, end));
    }

    private static unsafe void UpdateRange(Pointers p, Constants c, long begin, long end)
    {
        long i = begin;
        for (; i + Vector<float>.Count <= end; i += Vector<float>.Count)
        {
            Vector<float> g = Vector.Load(p.Gradient + i) * c.GradientScale;
            Vector<float> m = (Vector.Load(p.First + i) * c.Beta1) + (g * c.OneMinusBeta1);
            Vector<float> v = (Vector.Load(p.Second + i) * c.Beta2) + (g * g * c.OneMinusBeta2);
            Vector<float> denominator = (Vector.SquareRoot(v) * c.InverseRootCorrection2) + new Vector<float>(c.Epsilon);
            Vector<float> w = (Vector.Load(p.Weight + i) * c.Shrink) - (m / denominator * c.StepSize);
            Vector<float> a = (Vector.Load(p.Average + i) * c.AverageDecay) + (w * c.OneMinusAverageDecay);
            Vector.Store(m, p.First + i);
            Vector.Store(v, p.Second + i);
            Vector.Store(w, p.Weight + i);
            Vector.Store(a, p.Average + i);
            Vector.Store(Vector<float>.Zero, p.Gradient + i);
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
