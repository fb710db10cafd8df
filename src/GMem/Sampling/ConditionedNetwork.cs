using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>A network with what a batch is conditioned on, guided.</summary>
internal sealed class ConditionedNetwork(
    FlowTransport transport, Guidance guidance, NetworkFunction network, Tensor? condition, Tensor? nullCondition, GaussianSource? source,
    Func<double, NetworkFunction>? flowMap = null)
{
    private readonly SourceOffset? _offset =
        guidance.IsActive && source is { NullMean: { } nullMean } ? new SourceOffset(transport, source.Mean.sub(nullMean)) : null;

    /// <summary>What the flow starts from; null for N(0, I).</summary>
    public GaussianSource? Source => source;

    /// <summary>The guided prediction.</summary>
    public Tensor Predict(Tensor x, double time) => guidance.PredictAt(network, x, time, condition, nullCondition, _offset);

    /// <summary>
    /// The guided mean velocity from a time of the grid to the next. An Euler step along it is the whole of a flow map's step; guidance of
    /// a mean velocity is exact in the limit of small steps.
    /// </summary>
    /// <param name="times">The grid, rising.</param>
    public VectorField AlongGrid(double[] times) => (x, time) => guidance.PredictAt(
        flowMap!(times.First(t => t > time)), x, time, condition, nullCondition, _offset);

    /// <summary>The same for some of the rows.</summary>
    public ConditionedNetwork Rows(long begin, long count) => new(
        transport,
        guidance,
        network,
        condition?.narrow(0, begin, count),
        nullCondition?.size(0) == 1 ? nullCondition : nullCondition?.narrow(0, begin, count),
        source?.Rows(begin, count),
        flowMap);
}
