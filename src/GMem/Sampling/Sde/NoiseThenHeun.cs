using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>The public code's method: the noise of the step, then Heun's method for the drift. The noise is of first order.</summary>
internal sealed class NoiseThenHeun() : SdeStepper(nameof(SdeMethod.Heun), order: 1, evaluationsPerStep: 2)
{
    public override Tensor Step(SdeStep step)
    {
        Tensor noised = step.Diffuse(step.State, step.Start);
        Tensor first = step.Drift(noised, step.Start);
        Tensor second = step.Drift(noised.PlusScaled(step.Size, first), step.End);
        return noised.PlusScaled(0.5 * step.Size, first.PlusInPlace(second));
    }
}
