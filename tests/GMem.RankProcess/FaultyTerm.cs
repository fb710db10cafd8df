using GMem.Training;
using TorchSharp;

namespace GMem.RankProcess;

/// <summary>A loss that is not finite where predictions are above a limit on average: in some steps, mostly on one rank alone.</summary>
internal sealed class FaultyTerm(double above) : LossTerm("faulty", weight: 1)
{
    public double Above => above;

    public override torch.Tensor Compute(LossInput input)
    {
        bool isFaulty = input.Prediction.abs().mean().item<float>() > above;
        return input.Prediction.mean() * torch.tensor(isFaulty ? float.PositiveInfinity : 0);
    }
}
