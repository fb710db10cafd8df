using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>Data that a flow starts from or keeps a part of, instead of starting from noise alone.</summary>
/// <param name="Data">The data x1, <c>[B, ...]</c>.</param>
/// <param name="Strength">
/// From 0, the data as they are, to 1, noise alone: the flow starts at t = 1 - strength, from alpha x1 + sigma x0 (SDEdit, arXiv
/// 2108.01073). It goes on over the later times of the sampler's own grid, so it takes that share of the steps.
/// </param>
/// <param name="Repainting">What is painted anew; null for everything.</param>
internal sealed record PictureStart(Tensor Data, double Strength, Repainting? Repainting = null)
{
    /// <summary>Those of some of the rows.</summary>
    public PictureStart Rows(long begin, long count) =>
        new(Data.narrow(0, begin, count), Strength, Repainting?.Rows(begin, count));
}
