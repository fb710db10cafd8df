using GMem.Transport;

namespace GMem.Training;

/// <summary>
/// The flow-matching loss <c>velocity</c>: the squared error of the predicted velocity. For a network that predicts the noise or the score
/// it is the squared error of the noise, with the weighting of <see cref="TrainingOptions.LossWeighting"/>.
/// </summary>
/// <param name="weight">Finite. Default 1.</param>
public sealed class VelocityLoss(double weight = 1) : LossTerm("velocity", weight)
{
    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return TransportLoss.Error(input.Transport, input.Plan, input.Prediction).mean();
    }
}
