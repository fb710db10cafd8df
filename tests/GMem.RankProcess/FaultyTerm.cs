using GMem.Training;
using TorchSharp;

namespace GMem.RankProcess;

/// <summary>A loss that is not finite for samples whose time is below a limit: in some steps, and then mostly on one rank alone.</summary>
internal sealed class FaultyTerm(double below) : LossTerm("faulty", weight: 1)
{
    public double Below => below;

    public override torch.Tensor Compute(LossInput input)
    {
        bool isFaulty = input.Time.min().item<float>() < below;
        return input.Prediction.mean() * torch.tensor(isFaulty ? float.PositiveInfinity : 0);
    }
}
