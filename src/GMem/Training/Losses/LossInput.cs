using GMem.Transport;

namespace GMem.Training;

/// <summary>
/// What a <see cref="LossTerm"/> is computed from: samples on the path, and what the network made of them. The tensors are borrowed.
/// </summary>
public sealed class LossInput
{
    /// <summary>Times t <c>[B]</c>; 0 is noise, 1 is data.</summary>
    public required torch.Tensor Time { get; init; }

    /// <summary>x0, <c>[B, C, h, w]</c>: noise.</summary>
    public required torch.Tensor Noise { get; init; }

    /// <summary>x1, <c>[B, C, h, w]</c>: pixels or latents.</summary>
    public required torch.Tensor Data { get; init; }

    /// <summary>xt, <c>[B, C, h, w]</c>: the network's input.</summary>
    public required torch.Tensor State { get; init; }

    /// <summary>The velocity at xt that the network should predict, <c>[B, C, h, w]</c>; null where it predicts noise or the score.</summary>
    public torch.Tensor? Velocity { get; init; }

    /// <summary>The network's output, <c>[B, C, h, w]</c>.</summary>
    public required torch.Tensor Prediction { get; init; }

    /// <summary>The projector's tokens, <c>[B, T, z]</c>; null for a network without a projector.</summary>
    public torch.Tensor? Projection { get; init; }

    /// <summary>The encoder's patch tokens, <c>[B, T, z]</c>; null where no term uses them.</summary>
    public torch.Tensor? PatchTokens { get; init; }

    /// <summary>The path, and what the network predicts on it.</summary>
    internal FlowTransport Transport { get; init; } = FlowTransport.LinearVelocity;

    internal TransportPlan Plan => new(Time, Noise, State, Velocity);
}
