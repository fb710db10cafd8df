using GMem.Backbone;
using GMem.Backbone.Kernels;

namespace GMem.Training;

/// <summary>Forward and backward pass of a batch, whole or in micro-batches whose gradients add up.</summary>
/// <param name="network">Its parameters' gradients are added to.</param>
/// <param name="loss">The loss of one pass.</param>
/// <param name="options">The run.</param>
/// <param name="device">Where the network is.</param>
/// <param name="team">Threads that share every pass; null for none.</param>
internal sealed class BatchGradient(SiT network, TrainingLoss loss, TrainingOptions options, torch.Device device, GradientTeam? team = null)
{
    /// <summary>Adds the gradient of the batch's mean loss to the parameters' gradients.</summary>
    /// <returns>The loss and its terms, <c>[1 + terms]</c>, without a graph.</returns>
    public torch.Tensor Accumulate(StepDraws draws, StepClock? clock)
    {
        torch.Tensor sum = AccumulateParts(draws, clock);
        long start = StepClock.Now;
        team?.End();
        _ = clock?.Add(StepClock.Backward, start);
        return sum;
    }

    private torch.Tensor AccumulateParts(StepDraws draws, StepClock? clock)
    {
        long micro = Math.Min(options.MicroBatchSize ?? draws.Count, draws.Count);
        if (micro == draws.Count)
        {
            return Pass(draws, 1, clock);
        }

        torch.Tensor? sum = null;
        for (long begin = 0; begin < draws.Count; begin += micro)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            long length = Math.Min(micro, draws.Count - begin);
            torch.Tensor part = Pass(draws.Slice(begin, length), (double)length / draws.Count, clock);
            sum = (sum is null ? part : sum.Plus(part)).MoveToOuterDisposeScope();
        }

        return sum!;
    }

    private torch.Tensor Pass(StepDraws draws, double share, StepClock? clock) => team is null
        ? Pass(network, draws, share, clock)
        : team.Pass(draws, share, (twin, some, part, counts) => Pass(twin, some, part, counts ? clock : null));

    /// <param name="model">The network, or one that shares its weights.</param>
    /// <param name="draws">The samples.</param>
    /// <param name="share">These samples' share of the batch.</param>
    /// <param name="clock">Records the time of each phase.</param>
    private torch.Tensor Pass(SiT model, StepDraws draws, double share, StepClock? clock)
    {
        long start = StepClock.Now;
        torch.Tensor total, values;
        using (Autocast.Begin(device, options.Precision == Precision.BFloat16Mixed))
        {
            (total, values) = loss.Compute(model, draws);
        }

        (total, values) = share == 1 ? (total, values) : (total.Times(share), values.Times(share));
        start = clock?.Add(StepClock.Forward, start) ?? 0;
        total.backward();
        HandedGradients.Release();
        _ = clock?.Add(StepClock.Backward, start);
        return values;
    }
}
