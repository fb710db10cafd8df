using GMem.Backbone.Kernels;

namespace GMem.Backbone;

/// <summary>What stands before each layer of a block.</summary>
internal static class TokenMath
{
    private const double Epsilon = 1e-6;

    /// <summary>Normalises tokens and applies an image's scale and shift: <c>norm(x) (1 + scale) + shift</c>.</summary>
    /// <param name="x"><c>[B, T, D]</c>.</param>
    /// <param name="norm">RMSNorm, or null for LayerNorm without affine part.</param>
    /// <param name="scale"><c>[B, 1, D]</c>.</param>
    /// <param name="shift"><c>[B, 1, D]</c>, or null for none.</param>
    public static torch.Tensor NormaliseAndModulate(torch.Tensor x, RmsNorm? norm, torch.Tensor scale, torch.Tensor? shift)
    {
        if (norm is null && shift is not null && CpuKernel.TakesAll(x, scale, shift))
        {
            return ModulatedLayerNorm.Of(x, scale, shift);
        }

        torch.Tensor normalised = norm is null ? torch.nn.functional.layer_norm(x, [x.shape[^1]], eps: Epsilon) : norm.forward(x);
        torch.Tensor factor = scale.OnePlus();
        return shift is null ? normalised * factor : shift.PlusProduct(normalised, factor);
    }
}
