using GMem.Backbone;

namespace GMem.Training;

/// <summary>
/// Trains a flow map: besides the velocity at a time t, the network learns the mean velocity of the flow from t to a later time r, and
/// then makes an image in one to a few evaluations (<c>SamplerKind.FlowMap</c>) instead of some twenty. Meant as a short second
/// stage from a trained model (<c>GMemOptions.InitialModel</c>).
/// </summary>
/// <remarks>
/// The network is told r - t besides t (<see cref="SiTOptions.IsFlowMap"/>), by an embedding that begins as zero. A mean velocity
/// u(x, t, r) is regressed on that of its two halves, as the network itself knows them: (u(x, t, m) + u(x + (m - t) u(x, t, m), m, r)) / 2
/// with m in the middle, without gradients (arXiv 2410.12557, 2505.18825); with r = t it is the velocity, which is learnt from the images
/// as before. Needs the linear path and velocity prediction. Immutable.
/// </remarks>
public sealed record FlowMapOptions
{
    /// <summary>
    /// Share of a step's images by which the map is learnt; the others go on learning the velocity. Each of them costs two more
    /// evaluations without gradients. Above 0, at most 1. Default 0.25, as in arXiv 2510.24474.
    /// </summary>
    public double Share { get; init; } = 0.25;

    /// <summary>
    /// The shortest r - t that is drawn; lengths are log-uniform from it to 1, and t uniform in what remains. Above 0, below 1. Default
    /// 1/64.
    /// </summary>
    public double ShortestInterval { get; init; } = 1.0 / 64;

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        OptionFaults faults = new(nameof(FlowMapOptions));
        Check(faults);
        faults.Throw();
    }

    internal void Check(OptionFaults faults)
    {
        faults.Require(Share is > 0 and <= 1, $"the flow map's {nameof(Share)}", Share, "above 0 and at most 1");
        faults.Require(
            ShortestInterval is > 0 and < 1, $"the flow map's {nameof(ShortestInterval)}", ShortestInterval, "above 0 and below 1");
    }
}
