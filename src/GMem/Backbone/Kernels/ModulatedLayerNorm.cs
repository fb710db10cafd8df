using static TorchSharp.torch.autograd;

namespace GMem.Backbone.Kernels;

/// <summary>
/// LayerNorm without affine part (epsilon 1e-6), then <c>(1 + scale)</c> and <c>shift</c> of the token's image, in one pass each way.
/// </summary>
internal sealed class ModulatedLayerNorm : SingleTensorFunction<ModulatedLayerNorm>
{
    private const string MomentsKey = "moments";

    public override string Name => nameof(ModulatedLayerNorm);

    /// <summary>Tokens <c>[B, T, D]</c>, scale and shift <c>[B, 1, D]</c>, all of a type that <see cref="CpuKernel.Takes"/>.</summary>
    public static torch.Tensor Of(torch.Tensor x, torch.Tensor scale, torch.Tensor shift) =>
        torch.is_grad_enabled() && (x.requires_grad || scale.requires_grad || shift.requires_grad)
            ? apply(x, scale, shift)
            : Forward(x, scale, shift, null);

    public override torch.Tensor forward(AutogradContext ctx, params object[] vars)
    {
        torch.Tensor x = (torch.Tensor)vars[0], scale = (torch.Tensor)vars[1], shift = (torch.Tensor)vars[2];

        // Mean and inverse deviation of each token: a managed array, which goes when the graph goes.
        float[] moments = new float[2 * x.numel() / x.shape[2]];
        ctx.save_data(MomentsKey, moments);
        ctx.save_for_backward([x, scale]);
        return Forward(x, scale, shift, moments);
    }

    public override unsafe List<torch.Tensor> backward(AutogradContext ctx, torch.Tensor grad_output)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor> saved = ctx.get_saved_variables();
        torch.Tensor x = saved[0].contiguous(), scale = saved[1].contiguous(), gradient = grad_output.contiguous();
        torch.Tensor gradX = torch.empty_like(x), gradScale = torch.zeros_like(scale), gradShift = torch.zeros_like(scale);
        float[] moments = (float[])ctx.get_data(MomentsKey);
        long tokens = x.shape[1], width = x.shape[2];
        float* input = CpuKernel.Address(x), factor = CpuKernel.Address(scale), upstream = CpuKernel.Address(gradient);
        float* downstream = CpuKernel.Address(gradX), toScale = CpuKernel.Address(gradScale), toShift = CpuKernel.Address(gradShift);

        // By image, so that no two threads add to the same sums.
        ParallelRows.For(x.shape[0], tokens * width, (from, to) =>
        {
            for (long token = from * tokens; token < to * tokens; token++)
            {
                long row = token * width, image = token / tokens * width;
                LayerNormRow.Backward(input + row, moments[2 * token], moments[(2 * token) + 1], factor + image, upstream + row,
                    downstream + row, toScale + image, toShift + image, width);
            }
        });
        grad_output.Dispose();
        return HandedGradients.Hand(gradX, gradScale, gradShift);
    }

    private static unsafe torch.Tensor Forward(torch.Tensor x, torch.Tensor scale, torch.Tensor shift, float[]? moments)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor tokens = x.contiguous(), scales = scale.contiguous(), shifts = shift.contiguous(), result = torch.empty_like(tokens);
        long perImage = x.shape[1], width = x.shape[2];
        float* input = CpuKernel.Address(tokens), factor = CpuKernel.Address(scales), offset = CpuKernel
            .Address(shifts), output = CpuKernel.Address(result);
        ParallelRows.For(x.shape[0] * perImage, width, (from, to) =>
        {
            for (long token = from; token < to; token++)
            {
                long row = token * width, image = token / perImage * width;
                (float mean, float inverse) = LayerNormRow.Forward(input + row, factor + image, offset + image, output + row, width);
                if (moments is not null)
                {
                    (moments[2 * token], moments[(2 * token) + 1]) = (mean, inverse);
                }
            }
        });
        return result.MoveToOuterDisposeScope();
    }
}
