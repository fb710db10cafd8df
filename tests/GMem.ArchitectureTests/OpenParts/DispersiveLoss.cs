using GMem.Training;
using TorchSharp;

namespace GMem.ArchitectureTests.OpenParts;

/// <summary>
/// A loss term of a user's own, written against the public API: predictions of different samples repel one another, <c>0.5 log mean
/// exp(-|h_i - h_j|^2 / temperature)</c> with the mean squared difference as the distance (the form of arXiv 2506.09027, on the
/// prediction).
/// </summary>
/// <param name="weight">Finite. Default 0.5.</param>
/// <param name="temperature">Above 0. Default 0.5.</param>
public sealed class DispersiveLoss(double weight = 0.5, double temperature = 0.5) : LossTerm("dispersive", weight)
{
    /// <summary>A setting: a run that is continued must have the same.</summary>
    public double Temperature => temperature;

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInput input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = input.Prediction.flatten(1);
        torch.Tensor differences = rows.unsqueeze(0) - rows.unsqueeze(1);
        torch.Tensor distances = (differences * differences).mean([2]);
        torch.Tensor exponents = distances.div(torch.tensor((float)-temperature));
        return exponents.exp().mean().log().mul(torch.tensor(0.5f)).MoveToOuterDisposeScope();
    }
}
