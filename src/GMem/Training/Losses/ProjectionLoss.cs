using GMem.Backbone;
using GMem.Transport;

namespace GMem.Training;

/// <summary>
/// The projection loss (REPA, arXiv 2410.06940) <c>projection</c>: minus the cosine between the network's projected hidden tokens and the
/// encoder's patch tokens. Applies to networks with a projector (<see cref="SiTOptions.ProjectionSize"/> above 0).
/// </summary>
/// <param name="weight">Finite. Default 0.5.</param>
public sealed class ProjectionLoss(double weight = 0.5) : LossTerm("projection", weight)
{
    /// <inheritdoc/>
    public override bool UsesPatchTokens => true;

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return TransportLoss.Projection(input.Projection!, input.PatchTokens!);
    }
}
