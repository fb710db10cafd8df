using GMem.Backbone;
using GMem.Transport;

namespace GMem.Training;

/// <summary>What a flow map is regressed on: the velocity of the path, or the mean velocity of an interval by its two halves.</summary>
internal static class FlowMapTarget
{
    /// <param name="network">A flow map.</param>
    /// <param name="plan">The samples on the path, with their velocities.</param>
    /// <param name="draws">What the plan was made from.</param>
    /// <param name="map">Which of them learn the map.</param>
    /// <returns><c>[B, C, h, w]</c>, without a graph.</returns>
    public static torch.Tensor Of(SiT network, TransportPlan plan, StepDraws draws, FlowMapDraws map)
    {
        using IDisposable noGradients = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long[] indices = [.. Enumerable.Range(0, map.IsMap.Length).Where(i => map.IsMap[i]).Select(i => (long)i)];
        if (indices.Length == 0)
        {
            return plan.Velocity!.alias().MoveToOuterDisposeScope();
        }

        torch.Tensor rows = torch.tensor(indices, device: draws.Data.device);
        torch.Tensor begin = draws.Time.index_select(0, rows), end = map.Target.index_select(0, rows);
        torch.Tensor[] conditions = [.. draws.Conditions.Select(c => c.index_select(0, rows))];
        torch.Tensor half = end.sub(begin).TimesInPlace(0.5), middle = begin.Plus(half);
        torch.Tensor state = plan.State.index_select(0, rows);
        torch.Tensor first = network.ForwardTraining(state, begin, conditions, middle).Prediction;
        torch.Tensor between = state.PlusProduct(InterpolantPath.Rows(half, state), first);
        torch.Tensor second = network.ForwardTraining(between, middle, conditions, end).Prediction;
        torch.Tensor mean = first.Plus(second).TimesInPlace(0.5).to(plan.Velocity!.dtype);
        return plan.Velocity.index_copy(0, rows, mean).MoveToOuterDisposeScope();
    }
}
