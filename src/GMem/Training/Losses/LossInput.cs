using GMem.Transport;

namespace GMem.Training;

/// <summary>
/// What a <see cref="LossTerm"/> is computed from: samples on the path, and what the network made of them. The tensors are borrowed.
/// </summary>
/// <param name="transport">The path and what the network predicts on it.</param>
/// <param name="plan">
/// The samples on the path: time <c>[B]</c>, noise x0, state xt and, for velocity prediction, the target velocity, <c>[B, C, h, w]</c>
/// each.
/// </param>
/// <param name="data">x1, <c>[B, C, h, w]</c>: pixels or latents.</param>
/// <param name="prediction">The network's output, <c>[B, C, h, w]</c>.</param>
/// <param name="projection">The projector's tokens, <c>[B, T, z]</c>, or null.</param>
/// <param name="patchTokens">The encoder's patch tokens, <c>[B, T, z]</c>, or null.</param>
public sealed class LossInput(
    FlowTransport transport,
    TransportPlan plan,
    torch.Tensor data,
    torch.Tensor prediction,
    torch.Tensor? projection = null,
    torch.Tensor? patchTokens = null)
{
    /// <summary>The path and what the network predicts on it.</summary>
    public FlowTransport Transport { get; } = transport;

    /// <summary>
    /// The samples on the path: time <c>[B]</c>, noise x0, state xt and, for velocity prediction, the target velocity, <c>[B, C, h, w]</c>
    /// each.
    /// </summary>
    public TransportPlan Plan { get; } = plan;

    /// <summary>x1, <c>[B, C, h, w]</c>: pixels or latents.</summary>
    public torch.Tensor Data { get; } = data;

    /// <summary>The network's output, <c>[B, C, h, w]</c>.</summary>
    public torch.Tensor Prediction { get; } = prediction;

    /// <summary>The projector's tokens, <c>[B, T, z]</c>; null for a network without a projector.</summary>
    public torch.Tensor? Projection { get; } = projection;

    /// <summary>The encoder's patch tokens, <c>[B, T, z]</c>; null where no term uses them.</summary>
    public torch.Tensor? PatchTokens { get; } = patchTokens;
}
