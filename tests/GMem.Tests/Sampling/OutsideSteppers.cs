using GMem.Sampling;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

/// <summary>A solver as a user's project would write it, of the public API alone: a multistep method on any grid.</summary>
internal sealed class AdamsBashforth2() : OdeStepper("AdamsBashforth2", order: 2, evaluationsPerStep: 1)
{
    public override Tensor[] Step(OdeStep step)
    {
        Past? past = (Past?)step.Memory;
        Tensor[] slope = step.Keep(step.Slope(step.Start, step.State));
        step.Memory = new Past(slope, step.Size);
        if (past is null)
        {
            return step.Advance((1, slope));
        }

        double ratio = step.Size / past.Size;
        Tensor[] next = step.Advance((1 + (ratio / 2), slope), (-ratio / 2, past.Slope));
        foreach (Tensor part in past.Slope)
        {
            part.Dispose();
        }

        return next;
    }

    private sealed record Past(Tensor[] Slope, double Size);
}

/// <summary>An SDE solver of a user's project: half of the drift, the noise, the other half.</summary>
internal sealed class DriftNoiseDrift() : SdeStepper("DriftNoiseDrift", order: 2, evaluationsPerStep: 4)
{
    public override Tensor Step(SdeStep step)
    {
        double middle = (step.Start + step.End) / 2;
        return Move(step, step.Diffuse(Move(step, step.State, step.Start, middle), middle), middle, step.End);
    }

    private static Tensor Move(SdeStep step, Tensor x, double from, double to)
    {
        Tensor first = step.Drift(x, from), second = step.Drift(SdeStep.Advance(x, to - from, first), to);
        return SdeStep.Advance(SdeStep.Advance(x, (to - from) / 2, first), (to - from) / 2, second);
    }
}
