using TorchSharp;

namespace GMem.Sampling;

/// <summary>A conditional network as a function.</summary>
/// <param name="x">States <c>[B, ...]</c>.</param>
/// <param name="t">Times <c>[B]</c>; 0 is noise, 1 is data.</param>
/// <param name="condition">Snippets <c>[B, m]</c> or labels <c>[B]</c>; null where there is nothing to condition on.</param>
/// <returns>The prediction (velocity, noise or score), a new tensor of the shape of <paramref name="x"/>.</returns>
public delegate torch.Tensor NetworkFunction(torch.Tensor x, torch.Tensor t, torch.Tensor? condition);
