using GMem.Runtime;
using static TorchSharp.torch;

namespace GMem.Sampling;

internal sealed class EulerMaruyama() : SdeStepper(nameof(SdeMethod.EulerMaruyama), order: 1, evaluationsPerStep: 1)
{
    public override Tensor Step(SdeStep step) =>
        step.Diffuse(step.State.PlusScaled(step.Size, step.Drift(step.State, step.Start)), step.Start);
}
