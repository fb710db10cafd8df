using GMem.Backbone;
using GMem.Backbone.Kernels;

namespace GMem.Training;

/// <summary>Forward and backward pass of this rank's share of a batch, at once or in micro-batches whose gradients add up.</summary>
/// <param name="network">Its parameters' gradients are added to.</param>
/// <param name="loss">The loss of one pass.</param>
/// <param name="options">The run.</param>
/// <param name="device">Where the network is.</param>
/// <param name="plan">The shards of the batch.</param>
/// <param name="team">What computes them on the CPU; null on a device.</param>
internal sealed class BatchGradient(
    SiT network, TrainingLoss loss, TrainingOptions options, torch.Device device, ShardPlan plan, GradientTeam? team)
{
    private int Values => 1 + loss.Terms.Count;

    /// <summary>Adds the gradient of the batch's mean loss to the parameters' gradients; of ranks, this one's share.</summary>
    /// <param name="draws">The whole batch.</param>
    /// <param name="clock">Records the time of each phase.</param>
    /// <returns>The loss and its terms, <c>[1 + terms]</c>, without a graph; of ranks, this one's part of them.</returns>
    public LossParts Accumulate(StepDraws draws, StepClock? clock)
    {
        long micro = Math.Min(options.MicroBatchSize ?? draws.Count, draws.Count);
        if (team is not null)
        {
            float[] parts = team.Accumulate(
                draws, micro, Values, (twin, some, share, counts) => Pass(twin, some, share, counts ? clock : null));
            return new LossParts(parts, Values, plan.Local, null);
        }

        torch.Tensor? sum = null;
        (long first, long count) = (draws.Count * plan.Rank / plan.Ranks, draws.Count * (plan.Rank + 1) / plan.Ranks);
        count -= first;
        for (long begin = 0; begin < count; begin += micro)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            long length = Math.Min(micro, count - begin);
            StepDraws some = length == draws.Count ? draws : draws.Slice(first + begin, length);
            torch.Tensor part = Pass(network, some, (double)length / draws.Count, clock);
            sum = (sum is null ? part : sum.Plus(part)).MoveToOuterDisposeScope();
        }

        return new LossParts([], Values, plan.Local, sum);
    }

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
