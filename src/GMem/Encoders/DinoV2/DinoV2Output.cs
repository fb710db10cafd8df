namespace GMem.Encoders.DinoV2;

/// <summary>The network's output for a batch of images.</summary>
/// <param name="ClassToken"><c>[B, D]</c>, after the final norm.</param>
/// <param name="RegisterTokens"><c>[B, R, D]</c>, after the final norm; R may be 0.</param>
/// <param name="PatchTokens"><c>[B, T, D]</c> in row-major order, after the final norm.</param>
/// <param name="PreNorm"><c>[B, 1 + R + T, D]</c>: all tokens before the final norm.</param>
internal sealed record DinoV2Output(torch.Tensor ClassToken, torch.Tensor RegisterTokens, torch.Tensor PatchTokens, torch.Tensor PreNorm);
