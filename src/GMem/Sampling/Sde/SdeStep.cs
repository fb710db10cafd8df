using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// One step of an <see cref="SdeStepper"/>: the equation dx = (drift + w score) dt + sqrt(2 w) dW of one network, and where the run stands.
/// </summary>
/// <remarks>Coefficients are computed for one time, not one a row, so that their rounding cannot depend on the number of rows.</remarks>
public sealed class SdeStep
{
    private readonly FlowTransport _transport;
    private readonly VectorField _network;
    private readonly DiffusionForm _form;
    private readonly double _norm;
    private readonly GaussianSource? _source;
    private Tensor? _noise;

    internal SdeStep(
        FlowTransport transport, VectorField network, DiffusionForm form, double norm, Tensor state, GaussianSource? source) =>
        (_transport, _network, _form, _norm, State, _source) = (transport, network, form, norm, state, source);

    /// <summary>The time at the start of the step.</summary>
    public double Start { get; private set; }

    /// <summary>The time to reach.</summary>
    public double End { get; private set; }

    /// <summary><see cref="End"/> minus <see cref="Start"/>, above 0.</summary>
    public double Size => End - Start;

    /// <summary>The state at the start, <c>[B, ...]</c>. Not to be changed.</summary>
    public Tensor State { get; private set; }

    internal int Evaluations { get; private set; }

    /// <summary>The drift of the SDE, drift + w score; one evaluation of the network.</summary>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <param name="time">The time.</param>
    /// <returns><c>[B, ...]</c>, a new tensor.</returns>
    public Tensor Drift(Tensor x, double time)
    {
        Tensor t = x.Filled(1, time);
        Tensor prediction = Predict(x, time);
        Tensor weight = InterpolantPath.Rows(_transport.Path.Diffusion(t, _form, _norm), x);
        Tensor score = _transport.Score(prediction, x, t);
        if (_source is not null)
        {
            // scale^2 times the score: the diffusion is that of N(0, I) in units of the source's noise.
            score = score.Plus(_source.Mean.div(InterpolantPath.Rows(_transport.Path.Sigma(t), x)));
        }

        return _transport.Drift(prediction, x, t).PlusProduct(weight, score);
    }

    /// <summary>Adds the noise of the step, sqrt(2 w h) z, where h is <see cref="Size"/> and z standard normal, one draw a step.</summary>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <param name="time">The time of the diffusion w.</param>
    /// <returns><c>[B, ...]</c>, a new tensor.</returns>
    public Tensor Diffuse(Tensor x, double time)
    {
        Tensor scale = InterpolantPath.Rows(_transport.Path.Diffusion(x.Filled(1, time), _form, _norm).TimesInPlace(2 * Size).sqrt_(), x);
        scale = _source is null ? scale : scale.TimesInPlace(_source.Scale);
        return x.PlusProduct(scale, _noise!);
    }

    /// <summary>Moves states along a drift.</summary>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <param name="duration">How long, for instance <see cref="Size"/>.</param>
    /// <param name="drift">The drift <c>[B, ...]</c>.</param>
    /// <returns>x + duration drift, a new tensor.</returns>
    public static Tensor Advance(Tensor x, double duration, Tensor drift) => x.PlusScaled(duration, drift);

    /// <summary>The drift of the ODE.</summary>
    internal Tensor FlowDrift(Tensor x, double time) => _transport.Drift(Predict(x, time), x, x.Filled(1, time));

    /// <summary>E[x1 | x] = (x + sigma^2 score) / alpha (Tweedie's formula).</summary>
    internal Tensor ExpectedData(Tensor x, double time)
    {
        Tensor t = x.Filled(1, time);
        Tensor score = _transport.Score(Predict(x, time), x, t);
        Tensor variance = InterpolantPath.Rows(_transport.Path.Sigma(t).Squared(), x);
        return x.PlusProduct(variance, score).div_(InterpolantPath.Rows(_transport.Path.Alpha(t), x));
    }

    internal void MoveTo(double start, double end, Tensor state, Tensor? noise) => (Start, End, State, _noise) = (start, end, state, noise);

    private Tensor Predict(Tensor x, double time)
    {
        Evaluations++;
        return Predictions.Checked(_network(x, time), x);
    }
}
