using static TorchSharp.torch;

namespace GMem.Sampling;

internal sealed class EulerMaruyama() : SdeStepper(nameof(SdeMethod.EulerMaruyama), order: 1, evaluationsPerStep: 1)
{
    public override Tensor Step(SdeStep step) =>
        step.Diffuse(SdeStep.Advance(step.State, step.Size, step.Drift(step.State, step.Start)), step.Start);
}
