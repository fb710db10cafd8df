namespace GMem.Backbone;

/// <summary>What a training pass of <see cref="SiT"/> gives.</summary>
/// <param name="Prediction">The network's output, <c>[B, C, H, W]</c>.</param>
/// <param name="Projection">The projector's tokens, <c>[B, T, ProjectionSize]</c>; null without a projector.</param>
internal sealed record SiTOutput(torch.Tensor Prediction, torch.Tensor? Projection);
