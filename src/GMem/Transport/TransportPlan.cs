namespace GMem.Transport;

/// <summary>One training batch on the path: what the network sees and what it has to say.</summary>
/// <param name="Time">Times <c>[N]</c>.</param>
/// <param name="Noise">x0, <c>[N, ...]</c>. Owned by the caller.</param>
/// <param name="State">xt = alpha x1 + sigma x0, <c>[N, ...]</c>: the network's input. New.</param>
/// <param name="Velocity">ut = alpha' x1 + sigma' x0, <c>[N, ...]</c>. New; null unless the network predicts the velocity.</param>
internal sealed record TransportPlan(torch.Tensor Time, torch.Tensor Noise, torch.Tensor State, torch.Tensor? Velocity);
