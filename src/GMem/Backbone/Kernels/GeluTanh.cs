using System.Runtime.Intrinsics;
using static TorchSharp.torch.autograd;

namespace GMem.Backbone.Kernels;

/// <summary>
/// GELU in its tanh form, as <c>x sigmoid(a x + b x^3)</c> with <c>a = 2 sqrt(2 / pi)</c> and <c>b = 0.044715 a</c>: the same function with
/// one exponential.
/// </summary>
internal sealed class GeluTanh : SingleTensorFunction<GeluTanh>
{
    private const float A = 1.5957691216f;
    private const float B = 0.044715f * A;

    public override string Name => nameof(GeluTanh);

    public static torch.Tensor Of(torch.Tensor x)
    {
        if (!CpuKernel.Takes(x))
        {
            return torch.nn.functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh);
        }

        return torch.is_grad_enabled() && x.requires_grad ? apply(x) : Forward(x);
    }

    public override torch.Tensor forward(AutogradContext ctx, params object[] vars)
    {
        torch.Tensor x = (torch.Tensor)vars[0];
        ctx.save_for_backward([x]);
        return Forward(x);
    }

    public override List<torch.Tensor> backward(AutogradContext ctx, torch.Tensor grad_output)
    {
        torch.Tensor result;
        using (DisposeScope scope = torch.NewDisposeScope())
        {
            result = Backward(ctx.get_saved_variables()[0], grad_output).MoveToOuterDisposeScope();
        }

        grad_output.Dispose();
        return HandedGradients.Hand(result);
    }

    /// <summary>The values, without a graph. A tensor that <see cref="CpuKernel"/> takes.</summary>
    internal static unsafe torch.Tensor Forward(torch.Tensor x)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor contiguous = x.contiguous(), result = torch.empty_like(contiguous);
        float* source = CpuKernel.Address(contiguous), target = CpuKernel.Address(result);
        ParallelRows.For(x.numel(), 1, (from, to) =>
        {
            long i = from;
            for (; i + SimdMath.Width <= to; i += SimdMath.Width)
            {
                Value(Vector512.Load(source + i)).Store(target + i);
            }

            if (i < to)
            {
                SimdMath.StorePart(Value(SimdMath.LoadPart(source + i, to - i)), target + i, to - i);
            }
        });
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>The gradient of x, given that of the values.</summary>
    internal static unsafe torch.Tensor Backward(torch.Tensor values, torch.Tensor upstreamGradient)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = values.contiguous(), gradient = upstreamGradient.contiguous(), result = torch.empty_like(gradient);
        float* source = CpuKernel.Address(x), upstream = CpuKernel.Address(gradient), target = CpuKernel.Address(result);
        ParallelRows.For(x.numel(), 1, (from, to) =>
        {
            long i = from;
            for (; i + SimdMath.Width <= to; i += SimdMath.Width)
            {
                (Vector512.Load(upstream + i) * Slope(Vector512.Load(source + i))).Store(target + i);
            }

            if (i < to)
            {
                SimdMath.StorePart(
                    SimdMath.LoadPart(upstream + i, to - i) * Slope(SimdMath.LoadPart(source + i, to - i)), target + i, to - i);
            }
        });
        return result.MoveToOuterDisposeScope();
    }

    private static Vector512<float> Value(Vector512<float> x) =>
        x * SimdMath.Sigmoid(x * Vector512.FusedMultiplyAdd(x * x, Vector512.Create(B), Vector512.Create(A)));

    /// <summary>The derivative, <c>s + x s (1 - s) (a + 3 b x^2)</c>.</summary>
    private static Vector512<float> Slope(Vector512<float> x)
    {
        Vector512<float> square = x * x;
        Vector512<float> s = SimdMath.Sigmoid(x * Vector512.FusedMultiplyAdd(square, Vector512.Create(B), Vector512.Create(A)));
        Vector512<float> inner = Vector512.FusedMultiplyAdd(square, Vector512.Create(3 * B), Vector512.Create(A));
        return Vector512.FusedMultiplyAdd(x * s * (Vector512<float>.One - s), inner, s);
    }
}
