using TorchSharp;

namespace GMem.Transport;

/// <summary>A time-dependent vector field: what a network predicts, a drift or a score.</summary>
/// <param name="x">States <c>[B, ...]</c>.</param>
/// <param name="t">Times <c>[B]</c>, one a row; 0 is noise, 1 is data.</param>
/// <returns>A new tensor of the shape of <paramref name="x"/>.</returns>
public delegate torch.Tensor ModelFunction(torch.Tensor x, torch.Tensor t);
