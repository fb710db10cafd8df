using static TorchSharp.torch;

namespace GMem.Transport;

/// <summary>
/// A path together with what the network predicts on it: training plans and losses, and the drift and score by which
/// samplers run (SiT, arXiv 2401.08740). Immutable; all methods are pure functions of tensors and never wait for a device.
/// </summary>
internal sealed class FlowTransport
{
    /// <summary>Puts a path and a prediction together.</summary>
    /// <param name="path">The path.</param>
    /// <param name="prediction">What the network predicts. Default the velocity.</param>
    /// <param name="weighting">Weight of the squared error over time; velocity predictions ignore it. Default none.</param>
    /// <param name="trainEpsilon">
    /// Distance of training times from singular ends, from 0 and below 0.5; null: see <see cref="TrainEpsilon"/>.
    /// </param>
    /// <param name="sampleEpsilon">
    /// Distance of sampling times from singular ends, from 0 and below 0.5; null: see <see cref="SampleEpsilon"/>.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">An epsilon is not in [0, 0.5), or an enumeration value does not exist.</exception>
    public FlowTransport(
        InterpolantPath path,
        PredictionTarget prediction = PredictionTarget.Velocity,
        LossWeighting weighting = LossWeighting.None,
        double? trainEpsilon = null,
        double? sampleEpsilon = null)
    {
        Arguments.CheckDefined(prediction, nameof(prediction));
        Arguments.CheckDefined(weighting, nameof(weighting));
        Path = path;
        Prediction = prediction;
        Weighting = weighting;
        bool regular = path.Kind != InterpolantKind.Vp && prediction == PredictionTarget.Velocity;
        TrainEpsilon = Epsilon(trainEpsilon, nameof(trainEpsilon)) ?? (path.Kind == InterpolantKind.Vp ? 1e-5 : regular ? 0 : 1e-3);
        SampleEpsilon = Epsilon(sampleEpsilon, nameof(sampleEpsilon)) ?? (regular ? 0 : 1e-3);
    }

    /// <summary>Velocity on the linear path: what GMem trains.</summary>
    public static FlowTransport LinearVelocity { get; } = new(InterpolantPath.Linear);

    /// <summary>The path.</summary>
    public InterpolantPath Path { get; }

    /// <summary>What the network predicts.</summary>
    public PredictionTarget Prediction { get; }

    /// <summary>The weight of the squared error.</summary>
    public LossWeighting Weighting { get; }

    /// <summary>
    /// Distance of training times from singular ends. Default 0 for a velocity on Linear or GVP, 1e-5 on VP, else 1e-3, as in the public
    /// code. An explicit value is used; the public code drops it for a velocity on Linear or GVP.
    /// </summary>
    public double TrainEpsilon { get; }

    /// <summary>
    /// Distance of sampling times from singular ends. Default 0 for a velocity on Linear or GVP, else 1e-3: SiT's values (GMem's public
    /// code leaves them unset and fails). An explicit value is used; the public code drops it for a velocity on Linear or GVP.
    /// </summary>
    public double SampleEpsilon { get; }

    /// <summary>Whether it is <see cref="LinearVelocity"/>, which alone flow maps are trained on.</summary>
    public bool IsLinearVelocity => Path.Kind == InterpolantKind.Linear && Prediction == PredictionTarget.Velocity;

    /// <summary>Where an equation is integrated, or from where training times come.</summary>
    /// <param name="stochastic">Whether it is the SDE.</param>
    /// <param name="form">The SDE's diffusion. Not used by the ODE.</param>
    /// <param name="evaluation">
    /// True for sampling (<see cref="SampleEpsilon"/>), false for training (<see cref="TrainEpsilon"/>). Default true.
    /// </param>
    /// <param name="reverse">Whether data are turned into noise. Default false.</param>
    /// <param name="lastStepSize">
    /// Size of the last step which the SDE sampler takes after the interval; 0 without one. Not used by the ODE.
    /// </param>
    /// <returns>Start and end, in the direction of integration.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="lastStepSize"/> is not in [0, 1).</exception>
    public IntegrationInterval IntegrationInterval(
        bool stochastic, DiffusionForm form = DiffusionForm.Linear, bool evaluation = true, bool reverse = false, double lastStepSize = 0)
    {
        if (!(lastStepSize >= 0 && lastStepSize < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(lastStepSize), lastStepSize, "The last step must be at least 0 and below 1.");
        }

        double epsilon = evaluation ? SampleEpsilon : TrainEpsilon;
        double margin = stochastic && lastStepSize > 0 ? lastStepSize : epsilon;
        (double start, double end) = (0, 1);
        if (Path.Kind == InterpolantKind.Vp)
        {
            end = 1 - margin;
        }
        else if (stochastic || Prediction != PredictionTarget.Velocity)
        {
            // alpha'/alpha is infinite at t = 0: it multiplies the state of noise and score predictions, and is the SBDM diffusion.
            start = Prediction != PredictionTarget.Velocity || form == DiffusionForm.Sbdm ? epsilon : 0;
            end = 1 - margin;
        }

        return reverse ? new IntegrationInterval(1 - start, 1 - end) : new IntegrationInterval(start, end);
    }

    /// <summary>Draws training times.</summary>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="distribution">Their distribution, stretched over the training interval.</param>
    /// <param name="generator">Where the random numbers come from; the times lie on its device.</param>
    /// <param name="dtype">Their type. Default float32.</param>
    /// <returns><c>[count]</c>.</returns>
    public Tensor SampleTimes(long count, TimeDistribution distribution, Generator generator, ScalarType dtype = ScalarType.Float32)
    {
        IntegrationInterval interval = IntegrationInterval(stochastic: false, evaluation: false);
        Tensor times = distribution.Sample(count, generator, dtype);
        return interval is { Start: 0, End: 1 } ? times : times.TimesInPlace(interval.End - interval.Start).PlusInPlace(interval.Start);
    }

    /// <summary>Places a batch on the path.</summary>
    /// <param name="t">Times <c>[N]</c>.</param>
    /// <param name="x0">Noise <c>[N, ...]</c>.</param>
    /// <param name="x1">Data <c>[N, ...]</c>, of the same shape.</param>
    /// <returns>What the network sees and what it has to say. Only what <see cref="Prediction"/> needs is computed.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public TransportPlan Plan(Tensor t, Tensor x0, Tensor x1)
    {
        Arguments.CheckSameShape(x0, x1, "noise", "data");
        Tensor? velocity = Prediction == PredictionTarget.Velocity ? Path.Velocity(t, x0, x1) : null;
        return new TransportPlan(t, x0, Path.Interpolate(t, x0, x1), velocity);
    }

    /// <summary>The drift of the probability-flow ODE dx = drift dt.</summary>
    /// <param name="prediction">The network's prediction at (x, t), <c>[B, ...]</c>.</param>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <returns><c>[B, ...]</c>, a new tensor (for velocity predictions one that shares the prediction's storage).</returns>
    public Tensor Drift(Tensor prediction, Tensor x, Tensor t) => Prediction switch
    {
        PredictionTarget.Velocity => prediction.alias(),
        PredictionTarget.Noise => Path.VelocityFromNoise(t, x, prediction),
        _ => Path.VelocityFromScore(t, x, prediction),
    };

    /// <summary>The score, the gradient of the log-density of x at time t.</summary>
    /// <param name="prediction">The network's prediction at (x, t), <c>[B, ...]</c>.</param>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <param name="t">Times <c>[B]</c>, below 1.</param>
    /// <returns><c>[B, ...]</c>, a new tensor (for score predictions one that shares the prediction's storage).</returns>
    public Tensor Score(Tensor prediction, Tensor x, Tensor t) => Prediction switch
    {
        PredictionTarget.Velocity => Path.ScoreFromVelocity(t, x, prediction),
        PredictionTarget.Noise => Path.ScoreFromNoise(t, prediction),
        _ => prediction.alias(),
    };

    /// <summary>The drift of the probability-flow ODE as a vector field, from the network as one.</summary>
    /// <param name="network">The network.</param>
    /// <returns>
    /// The drift. Its coefficients are computed once, not for each row, so that their rounding cannot depend on the batch.
    /// </returns>
    public VectorField DriftOf(VectorField network)
    {
        return Prediction == PredictionTarget.Velocity ? network : (x, time) =>
        {
            using DisposeScope scope = NewDisposeScope();
            return Drift(network(x, time), x, x.Filled(1, time)).MoveToOuterDisposeScope();
        };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Path} path, {Prediction} prediction";

    private static double? Epsilon(double? value, string name) => value is null or (>= 0 and < 0.5)
        ? value
        : throw new ArgumentOutOfRangeException(
            name, value, "A distance from the ends of the time interval must be at least 0 and below 0.5; 1e-3 is usual.");
}
