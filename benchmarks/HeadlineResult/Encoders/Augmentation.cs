using GMem.Runtime;
using TorchSharp;

namespace HeadlineResult.Encoders;

/// <summary>A random view of each image: a part of it, perhaps mirrored, in other colours, sometimes grey.</summary>
internal static class Augmentation
{
    private const double SmallestScale = 0.45;
    private const double ColourJitter = 0.4;
    private const double GreyShare = 0.2;

    /// <param name="images">float32 <c>[B, 3, S, S]</c>, -1 to 1.</param>
    /// <param name="generator">Where the choices come from.</param>
    public static torch.Tensor View(torch.Tensor images, torch.Generator generator)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long count = images.shape[0];
        torch.Tensor Uniform(double low, double high) => torch.rand(count, generator: generator).Times(high - low).PlusInPlace(low);
        torch.Tensor scale = Uniform(SmallestScale, 1);
        torch.Tensor room = scale.OneMinus();
        torch.Tensor mirror = Uniform(-1, 1).sign();
        torch.Tensor zero = torch.zeros(count);
        torch.Tensor top = torch.stack([scale * mirror, zero, room * Uniform(-1, 1)], dim: 1);
        torch.Tensor bottom = torch.stack([zero, scale, room * Uniform(-1, 1)], dim: 1);
        torch.Tensor grid = torch.nn.functional.affine_grid(torch.stack([top, bottom], dim: 1), images.shape, align_corners: false);
        torch.Tensor view = torch.nn.functional.grid_sample(
            images, grid, torch.GridSampleMode.Bilinear, torch.GridSamplePaddingMode.Reflection, align_corners: false);
        torch.Tensor gain = torch.rand([count, 3, 1, 1], generator: generator).Times(2 * ColourJitter).PlusInPlace(1 - ColourJitter);
        torch.Tensor shift = torch.rand([count, 3, 1, 1], generator: generator).Times(2 * ColourJitter).PlusInPlace(-ColourJitter);
        torch.Tensor coloured = (view * gain).Plus(shift);
        torch.Tensor grey = coloured.mean([1L], keepdim: true).expand_as(coloured);
        torch.Tensor isGrey = Uniform(-GreyShare, 1 - GreyShare).lt(torch.zeros(1)).view(count, 1, 1, 1);
        return torch.where(isGrey, grey, coloured).MoveToOuterDisposeScope();
    }
}
