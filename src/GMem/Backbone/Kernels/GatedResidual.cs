using static TorchSharp.torch.autograd;

namespace GMem.Backbone.Kernels;

/// <summary>The residual step <c>x + gate y</c> with a gate for each image; its backward pass reads its inputs once.</summary>
internal sealed class GatedResidual : SingleTensorFunction<GatedResidual>
{
    public override string Name => nameof(GatedResidual);

    /// <summary>Tokens <paramref name="x"/> and <paramref name="y"/> <c>[B, T, D]</c>, gate <c>[B, 1, D]</c>.</summary>
    public static torch.Tensor Of(torch.Tensor x, torch.Tensor gate, torch.Tensor y) =>
        CpuKernel.TakesAll(x, gate, y) && torch.is_grad_enabled() && (x.requires_grad || gate.requires_grad || y.requires_grad)
            ? apply(x, gate, y)
            : x.PlusProduct(gate, y);

    public override torch.Tensor forward(AutogradContext ctx, params object[] vars)
    {
        torch.Tensor x = (torch.Tensor)vars[0], gate = (torch.Tensor)vars[1], y = (torch.Tensor)vars[2];
        ctx.save_for_backward([gate, y]);
        return x.PlusProduct(gate, y);
    }

    public override unsafe List<torch.Tensor> backward(AutogradContext ctx, torch.Tensor grad_output)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor> saved = ctx.get_saved_variables();
        torch.Tensor gate = saved[0].contiguous(), y = saved[1].contiguous(), gradient = grad_output.contiguous();
        torch.Tensor gradGate = torch.zeros_like(gate), gradY = torch.empty_like(y);
        long tokens = y.shape[1], width = y.shape[2];
        float* factor = CpuKernel.Address(gate), input = CpuKernel.Address(y), upstream = CpuKernel.Address(gradient);
        float* toGate = CpuKernel.Address(gradGate), downstream = CpuKernel.Address(gradY);
        ParallelRows.For(y.shape[0], tokens * width, (from, to) =>
        {
            for (long token = from * tokens; token < to * tokens; token++)
            {
                long row = token * width, image = token / tokens * width;
                RowMath.GateBackward(factor + image, input + row, upstream + row, toGate + image, downstream + row, width);
            }
        });

        // The gradient of x is the upstream gradient itself.
        return HandedGradients.Hand(grad_output, gradGate, gradY);
    }
}
