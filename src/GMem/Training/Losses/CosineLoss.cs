using GMem.Transport;

namespace GMem.Training;

/// <summary>
/// The cosine loss <c>cosine</c>: <c>1 - cos(prediction, target)</c> over the channels, for velocity prediction only. The public GMem code
/// uses it with weight 1 on latents of 4 to 32 channels; over the 3 channels of a pixel it adds little.
/// </summary>
/// <param name="weight">Finite. Default 1.</param>
public sealed class CosineLoss(double weight = 1) : LossTerm("cosine", weight)
{
    /// <inheritdoc/>
    public override bool Supports(PredictionTarget prediction) => prediction == PredictionTarget.Velocity;

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return TransportLoss.Cosine(input.Plan, input.Prediction).mean();
    }
}
