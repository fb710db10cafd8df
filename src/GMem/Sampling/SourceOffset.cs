using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// What turns the null condition's prediction into that of a flow which starts at the states' source. A state alpha x1 + sigma x0 less
/// sigma offset is distributed as the null condition's own states are in training, whose x0 lies that offset nearer. So both branches of
/// guidance are flows from one source, as they are with N(0, I), and they agree at t = 0.
/// </summary>
/// <param name="transport">The path, and what the network predicts.</param>
/// <param name="offset">The mean of the states' source less that of the null condition's, <c>[B, ...]</c>.</param>
internal sealed class SourceOffset(FlowTransport transport, Tensor offset)
{
    /// <summary>The state that the null condition's own flow would be in.</summary>
    public Tensor NullState(Tensor x, Tensor t) => x.sub(Scaled(transport.Path.Sigma(t)));

    /// <summary>The prediction for the states, from that for <see cref="NullState"/>.</summary>
    public Tensor Prediction(Tensor ofNull, Tensor t) => transport.Prediction switch
    {
        PredictionTarget.Velocity => ofNull.Plus(Scaled(transport.Path.SigmaDerivative(t))),
        PredictionTarget.Noise => ofNull.Plus(offset),
        _ => ofNull.sub(Scaled(transport.Path.Sigma(t).reciprocal_())),
    };

    /// <summary>Those of some of the rows.</summary>
    public SourceOffset Rows(long begin, long count) => new(transport, offset.narrow(0, begin, count));

    private Tensor Scaled(Tensor coefficient) => InterpolantPath.Rows(coefficient, offset).mul(offset);
}
