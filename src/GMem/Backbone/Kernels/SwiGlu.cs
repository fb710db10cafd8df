using System.Runtime.Intrinsics;
using static TorchSharp.torch.autograd;

namespace GMem.Backbone.Kernels;

/// <summary>SiLU of the first half of a token's entries, times the second half (SwiGLU).</summary>
internal sealed class SwiGlu : SingleTensorFunction<SwiGlu>
{
    public override string Name => nameof(SwiGlu);

    /// <summary><c>[..., 2 H]</c> to <c>[..., H]</c>.</summary>
    public static torch.Tensor Of(torch.Tensor x)
    {
        if (!CpuKernel.Takes(x))
        {
            torch.Tensor[] halves = x.chunk(2, -1);
            return torch.nn.functional.silu(halves[0]) * halves[1];
        }

        return torch.is_grad_enabled() && x.requires_grad ? apply(x) : Forward(x);
    }

    public override torch.Tensor forward(AutogradContext ctx, params object[] vars)
    {
        torch.Tensor x = (torch.Tensor)vars[0];
        ctx.save_for_backward([x]);
        return Forward(x);
    }

    public override unsafe List<torch.Tensor> backward(AutogradContext ctx, torch.Tensor grad_output)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = ctx.get_saved_variables()[0].contiguous(), gradient = grad_output.contiguous(), result = torch.empty_like(x);
        long half = x.shape[^1] / 2;
        float* source = CpuKernel.Address(x), upstream = CpuKernel.Address(gradient), target = CpuKernel.Address(result);
        ParallelRows.For(x.numel() / (2 * half), 2 * half, (from, to) =>
        {
            for (long row = from; row < to; row++)
            {
                BackwardRow(source + (2 * row * half), upstream + (row * half), target + (2 * row * half), half);
            }
        });
        grad_output.Dispose();
        return HandedGradients.Hand(result);
    }

    private static unsafe torch.Tensor Forward(torch.Tensor x)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long half = x.shape[^1] / 2;
        torch.Tensor contiguous = x.contiguous(), result = torch.empty([.. x.shape[..^1], half], dtype: x.dtype, device: x.device);
        float* source = CpuKernel.Address(contiguous), target = CpuKernel.Address(result);
        ParallelRows.For(x.numel() / (2 * half), 2 * half, (from, to) =>
        {
            for (long row = from; row < to; row++)
            {
                ForwardRow(source + (2 * row * half), target + (row * half), half);
            }
        });
        return result.MoveToOuterDisposeScope();
    }

    private static unsafe void ForwardRow(float* x, float* y, long half)
    {
        long i = 0;
        for (; i + SimdMath.Width <= half; i += SimdMath.Width)
        {
            Value(Vector512.Load(x + i), Vector512.Load(x + half + i)).Store(y + i);
        }

        if (i < half)
        {
            SimdMath.StorePart(Value(SimdMath.LoadPart(x + i, half - i), SimdMath.LoadPart(x + half + i, half - i)), y + i, half - i);
        }
    }

    private static unsafe void BackwardRow(float* x, float* g, float* gradX, long half)
    {
        long i = 0;
        for (; i + SimdMath.Width <= half; i += SimdMath.Width)
        {
            (Vector512<float> gate, Vector512<float> value) = Slopes(Vector512.Load(x + i), Vector512.Load(x + half + i));
            Vector512<float> upstream = Vector512.Load(g + i);
            (upstream * gate).Store(gradX + i);
            (upstream * value).Store(gradX + half + i);
        }

        if (i < half)
        {
            (Vector512<float> gate, Vector512<float> value) = Slopes(
                SimdMath.LoadPart(x + i, half - i), SimdMath.LoadPart(x + half + i, half - i));
            Vector512<float> upstream = SimdMath.LoadPart(g + i, half - i);
            SimdMath.StorePart(upstream * gate, gradX + i, half - i);
            SimdMath.StorePart(upstream * value, gradX + half + i, half - i);
        }
    }

    private static Vector512<float> Value(Vector512<float> gate, Vector512<float> value) => gate * SimdMath.Sigmoid(gate) * value;

    /// <summary>The derivatives by gate and by value.</summary>
    private static (Vector512<float> Gate, Vector512<float> Value) Slopes(Vector512<float> gate, Vector512<float> value)
    {
        Vector512<float> s = SimdMath.Sigmoid(gate), silu = gate * s;
        return ((s + (silu * (Vector512<float>.One - s))) * value, silu);
    }
}
