using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// The density that the probability-flow ODE gives to data: the ODE is integrated from data to noise together with the divergence of its
/// drift (Chen et al., arXiv 1806.07366, eq. 8), the divergence exactly or by Hutchinson's estimator with random probes (arXiv 1810.01367).
/// Immutable.
/// </summary>
/// <remarks>
/// With <see cref="OdeMethod.Dopri5"/> the step size comes from the larger of the errors of all states and of all log-densities.
/// </remarks>
internal sealed class Likelihood
{
    private const int RowsAtOnce = 256;

    private readonly FlowTransport _transport;
    private readonly OdeSolver _solver;
    private readonly double[] _times;

    /// <summary>Describes the computation.</summary>
    /// <param name="transport">The path, and what the network predicts.</param>
    /// <param name="method">An <see cref="OdeMethod"/>, or a stepper of your own. Default <see cref="OdeMethod.Dopri5"/>.</param>
    /// <param name="steps">Steps, at least 1; not used by adaptive methods. Default 49, the public code's grid of 50 points.</param>
    /// <param name="relativeTolerance">Of adaptive methods, above 0. Default 1e-3.</param>
    /// <param name="absoluteTolerance">Of adaptive methods, above 0. Default 1e-6.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    /// <exception cref="ArgumentException">The method would evaluate the drift where it is infinite.</exception>
    public Likelihood(
        FlowTransport transport,
        OdeStepper? method = null,
        int steps = 49,
        double relativeTolerance = 1e-3,
        double absoluteTolerance = 1e-6)
    {
        TimeGrid.Check(steps, 0);
        _transport = transport;
        _solver = new OdeSolver(method ?? OdeMethod.Dopri5, relativeTolerance, absoluteTolerance);
        IntegrationInterval interval = transport.IntegrationInterval(stochastic: false, reverse: true);
        if (WellPosed.Fault(transport, _solver.Stepper, interval) is { } fault)
        {
            throw new ArgumentException(fault, nameof(method));
        }

        _times = TimeGrid.Create(interval.Start, interval.End, steps, 0);
    }

    /// <summary>Estimates the log-likelihood with the same probe at every evaluation.</summary>
    /// <param name="network">The network; it is differentiated.</param>
    /// <param name="data">Data <c>[N, ...]</c>.</param>
    /// <param name="probe">Independent entries of mean 0 and variance 1, <c>[N, ...]</c>, for instance of <see cref="Rademacher"/>.</param>
    /// <param name="source">What the flow starts from; null for N(0, I).</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns>Unbiased estimates of the log-likelihoods.</returns>
    /// <exception cref="ArgumentException">The probe has another shape than the data.</exception>
    public LikelihoodResult Estimate(
        VectorField network, Tensor data, Tensor probe, GaussianSource? source = null, CancellationToken cancellationToken = default) =>
        Integrate(network, data, _ => probe, source, cancellationToken);

    /// <summary>Estimates the log-likelihood with a probe for every evaluation, as the public code does.</summary>
    /// <param name="network">The network; it is differentiated.</param>
    /// <param name="data">Data <c>[N, ...]</c>.</param>
    /// <param name="probes">
    /// The probe <c>[N, ...]</c> of an evaluation, by its index from 0; called once an evaluation, in order. A tensor it creates is
    /// disposed after the step.
    /// </param>
    /// <param name="source">What the flow starts from; null for N(0, I).</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns>Unbiased estimates of the log-likelihoods.</returns>
    /// <exception cref="ArgumentException">A probe has another shape than the data.</exception>
    /// <exception cref="InvalidOperationException">
    /// The method is adaptive: a right-hand side that changes by chance defeats its error control.
    /// </exception>
    public LikelihoodResult Estimate(
        VectorField network, Tensor data, Func<int, Tensor> probes, GaussianSource? source = null,
        CancellationToken cancellationToken = default)
    {
        if (_solver.Stepper.IsAdaptive)
        {
            throw new InvalidOperationException(
                $"{_solver.Stepper} cannot control its error when every evaluation has another probe: "
                + "give one probe for all, or take a fixed-step method.");
        }

        return Integrate(network, data, probes, source, cancellationToken);
    }

    /// <summary>
    /// Computes the log-likelihood with the exact divergence, at the price of one pass per dimension of the data and evaluation.
    /// </summary>
    /// <param name="network">The network; it is differentiated, and called with up to 256 rows (N if that is more).</param>
    /// <param name="data">Data <c>[N, ...]</c>.</param>
    /// <param name="source">What the flow starts from; null for N(0, I).</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns>The log-likelihoods.</returns>
    public LikelihoodResult Evaluate(
        VectorField network, Tensor data, GaussianSource? source = null, CancellationToken cancellationToken = default) =>
        Integrate(network, data, null, source, cancellationToken);

    /// <summary>A probe of independent signs.</summary>
    /// <param name="shape">Its shape, that of the data.</param>
    /// <param name="generator">Where the random numbers come from; the probe lies on its device.</param>
    /// <param name="dtype">Its type. Default float32.</param>
    /// <returns>A new tensor of -1 and 1.</returns>
    public static Tensor Rademacher(ReadOnlySpan<long> shape, Generator generator, ScalarType dtype = ScalarType.Float32)
    {
        return randint(0, 2, shape.ToArray(), dtype: dtype, device: generator.device, generator: generator).TimesInPlace(2).PlusInPlace(-1);
    }

    /// <summary>Integrates with the probe of each evaluation, or without probes exactly.</summary>
    private LikelihoodResult Integrate(
        VectorField network, Tensor data, Func<int, Tensor>? probes, GaussianSource? source, CancellationToken cancellationToken)
    {
        VectorField drift = _transport.DriftOf(network);
        using DisposeScope scope = NewDisposeScope();

        // Time falls from data to noise, so that minus the divergence as a rate adds up to plus its integral.
        int index = 0;
        Tensor[] Slope(double time, Tensor[] state)
        {
            Tensor x = state[0];
            Tensor rate = probes is null
                ? Exact(drift, x, time, out Tensor value)
                : Directional(drift, x, time, Checked(probes(index++), x), out value);
            return [value, rate.neg()];
        }

        Tensor start = zeros(data.size(0), dtype: data.dtype, device: data.device);
        OdeSolver.Solution solution = _solver.Solve(Slope, _times, [data, start], keepTrajectory: false, null, cancellationToken);
        (Tensor noise, Tensor integral) = (solution.Final[0], solution.Final[1]);
        double dimensions = (double)data.numel() / data.size(0);
        Tensor standard = source?.Standardise(noise) ?? noise;
        Tensor prior = standard.flatten(1).Squared().sum(1).TimesInPlace(-0.5).PlusInPlace(-0.5 * dimensions * Math.Log(2 * Math.PI));
        prior = source is null ? prior : prior.PlusInPlace(-dimensions * Math.Log(source.Scale));
        return new LikelihoodResult(
            prior.sub(integral).MoveToOuterDisposeScope(),
            noise.MoveToOuterDisposeScope(),
            integral.MoveToOuterDisposeScope(),
            solution.Evaluations);
    }

    private static Tensor Checked(Tensor probe, Tensor x)
    {
        Arguments.CheckSameShape(probe, x, "probe", "state");
        return probe;
    }

    /// <summary>The trace of the Jacobian as the sum over unit vectors, several at once as additional rows.</summary>
    private static Tensor Exact(VectorField drift, Tensor x, double time, out Tensor value)
    {
        long rows = x.size(0), dimensions = x.numel() / rows, atOnce = Math.Clamp(RowsAtOnce / rows, 1, dimensions);
        Tensor units = eye(dimensions, dtype: x.dtype, device: x.device);
        Tensor sum = zeros(rows, dtype: x.dtype, device: x.device);
        Tensor? first = null;
        for (long from = 0; from < dimensions; from += atOnce)
        {
            long count = Math.Min(atOnce, dimensions - from);
            Tensor repeated = x.unsqueeze(0).expand([count, .. x.shape]).reshape([count * rows, .. x.shape[1..]]);
            Tensor probe = units.narrow(0, from, count).unsqueeze(1).expand(count, rows, dimensions).reshape(repeated.shape);
            Tensor terms = Directional(drift, repeated, time, probe, out Tensor values);
            sum.PlusInPlace(terms.view(count, rows).sum(dim: 0));
            first ??= values.narrow(0, 0, rows);
        }

        value = first!;
        return sum;
    }

    /// <summary>probe . J probe for each row, by one backward pass.</summary>
    private static Tensor Directional(VectorField drift, Tensor x, double time, Tensor probe, out Tensor value)
    {
        using IDisposable gradients = enable_grad();
        Tensor input = x.detach().requires_grad_();
        Tensor output = Predictions.Checked(drift(input, time), x);
        Tensor gradient = autograd.grad([output.mul(probe).sum()], [input])[0];
        value = output.detach();
        return gradient.mul(probe).flatten(1).sum(1).detach();
    }
}
