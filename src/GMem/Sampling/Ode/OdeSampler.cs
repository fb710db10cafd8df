using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>Integrates dx/dt = drift(x, t) over a grid of times. Immutable.</summary>
/// <remarks>
/// A grid of S points has S - 1 steps: what the public code calls <c>num_steps = 50</c> is <see cref="Steps"/> = 49 here. Rows are
/// independent, except with <see cref="OdeMethod.Dopri5"/>, whose step size comes from the error of the whole batch (the root mean square
/// over all entries, as in the public code). No gradients are recorded.
/// </remarks>
internal sealed class OdeSampler
{
    private readonly OdeSolver _solver;

    /// <summary>Describes a sampler.</summary>
    /// <param name="method">The method: an <see cref="OdeMethod"/>, or a stepper of your own.</param>
    /// <param name="steps">Steps, at least 1. For an adaptive method only the points of the trajectory depend on it.</param>
    /// <param name="timestepShift">
    /// Shift s of the times between the ends, t' = s t / (1 + (s - 1) t) on [0, 1]: below 1 there are more steps near the noise. Default 0,
    /// no shift.
    /// </param>
    /// <param name="relativeTolerance">Of adaptive methods, above 0. Default 1e-3.</param>
    /// <param name="absoluteTolerance">Of adaptive methods, above 0. Default 1e-6.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    public OdeSampler(
        OdeStepper method, int steps, double timestepShift = 0, double relativeTolerance = 1e-3, double absoluteTolerance = 1e-6)
    {
        TimeGrid.Check(steps, timestepShift);
        Steps = steps;
        TimestepShift = timestepShift;
        _solver = new OdeSolver(method, relativeTolerance, absoluteTolerance);
    }

    /// <summary>The method.</summary>
    public OdeStepper Method => _solver.Stepper;

    /// <summary>Steps, one less than points of the grid.</summary>
    public int Steps { get; }

    /// <summary>Shift of the times, 0 for none.</summary>
    public double TimestepShift { get; }

    /// <summary>Integrates.</summary>
    /// <param name="drift">The right-hand side, for instance <see cref="FlowTransport.DriftOf"/> of a network.</param>
    /// <param name="initial">State at the start of the interval, <c>[B, ...]</c>.</param>
    /// <param name="interval">
    /// Where to integrate, for instance <see cref="FlowTransport.IntegrationInterval"/>; it falls from data to noise if reversed. Default 0
    /// to 1.
    /// </param>
    /// <param name="keepTrajectory">Whether the states at all points of the grid are wanted.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns>The final state, the number of evaluations and, if asked for, the trajectory.</returns>
    /// <exception cref="InvalidOperationException">
    /// The drift has another shape than the state, or an adaptive method met a state that is not a number.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public SolverResult Integrate(
        VectorField drift,
        Tensor initial,
        IntegrationInterval? interval = null,
        bool keepTrajectory = false,
        CancellationToken cancellationToken = default)
    {
        IntegrationInterval over = interval ?? new IntegrationInterval(0, 1);
        double[] times = TimeGrid.Create(over.Start, over.End, Steps, TimestepShift);
        return Integrate(drift, initial, times, keepTrajectory, null, cancellationToken);
    }

    /// <summary>Over a grid of one's own.</summary>
    internal SolverResult Integrate(
        VectorField drift,
        Tensor initial,
        double[] times,
        bool keepTrajectory,
        Action<int>? stepDone,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        OdeSolver.Solution solution = _solver.Solve(
            (time, state) => [Predictions.Checked(drift(state[0], time), state[0])],
            times,
            [initial],
            keepTrajectory,
            stepDone,
            cancellationToken);
        Tensor? trajectory = solution.Trajectory is null
            ? null
            : stack(solution.Trajectory.Select(state => state[0])).MoveToOuterDisposeScope();
        return new SolverResult(solution.Final[0].MoveToOuterDisposeScope(), trajectory, times, solution.Evaluations);
    }
}
