using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// One step of an <see cref="OdeStepper"/>: the equation dy/dt = slope(t, y), and where the run stands. Time may rise or fall.
/// </summary>
/// <remarks>
/// The state is one or several tensors, which are integrated together: a batch <c>[B, ...]</c> when images are made, a batch and its
/// log-densities <c>[B]</c> when a likelihood is computed. No gradients are recorded.
/// </remarks>
public sealed class OdeStep
{
    private readonly Func<double, Tensor[], Tensor[]> _slope;
    private readonly DisposeScope _run;

    internal OdeStep(Func<double, Tensor[], Tensor[]> slope, OdeSolver solver, DisposeScope run, CancellationToken cancellationToken)
    {
        (_slope, _run, CancellationToken) = (slope, run, cancellationToken);
        (RelativeTolerance, AbsoluteTolerance) = (solver.RelativeTolerance, solver.AbsoluteTolerance);
    }

    /// <summary>The time at the start of the step.</summary>
    public double Start { get; private set; }

    /// <summary>The time to reach.</summary>
    public double End { get; private set; }

    /// <summary><see cref="End"/> minus <see cref="Start"/>; below 0 when time falls.</summary>
    public double Size => End - Start;

    /// <summary>The state at the start. Not to be changed.</summary>
    public Tensor[] State { get; private set; } = [];

    /// <summary>Relative tolerance for adaptive methods, above 0.</summary>
    public double RelativeTolerance { get; }

    /// <summary>Absolute tolerance for adaptive methods, above 0.</summary>
    public double AbsoluteTolerance { get; }

    /// <summary>For adaptive methods: to be looked at before each of their own steps.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>
    /// What the stepper wants to find again in the next step of this run, with tensors that it gave to <see cref="Keep"/>. Null in the
    /// first.
    /// </summary>
    public object? Memory { get; set; }

    internal int Evaluations { get; private set; }

    /// <summary>Evaluates the right-hand side.</summary>
    /// <param name="time">The time.</param>
    /// <param name="state">A state, of the shapes of <see cref="State"/>.</param>
    /// <returns>dy/dt there, new tensors of those shapes.</returns>
    public Tensor[] Slope(double time, Tensor[] state)
    {
        Evaluations++;
        return _slope(time, state);
    }

    /// <summary>The state moved along slopes: y + h (w1 k1 + w2 k2 + ...), where h is <see cref="Size"/>.</summary>
    /// <param name="terms">Weights and slopes, added from the first to the last.</param>
    /// <returns>New tensors.</returns>
    public Tensor[] Advance(params ReadOnlySpan<(double Weight, Tensor[] Slope)> terms) => Advance(State, Size, terms);

    /// <summary>Lets tensors live until they are disposed or the run ends, instead of until the step ends.</summary>
    /// <param name="parts">The tensors.</param>
    /// <returns>The same tensors.</returns>
    public Tensor[] Keep(Tensor[] parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        foreach (Tensor part in parts)
        {
            part.MoveToOtherDisposeScope(_run);
        }

        return parts;
    }

    internal static Tensor[] Advance(Tensor[] state, double size, ReadOnlySpan<(double Weight, Tensor[] Slope)> terms)
    {
        Tensor[] result = new Tensor[state.Length];
        for (int part = 0; part < state.Length; part++)
        {
            Tensor? sum = null;
            foreach ((double weight, Tensor[] slope) in terms)
            {
                if (weight != 0)
                {
                    double factor = weight * size;
                    sum = sum is null ? state[part].PlusScaled(factor, slope[part]) : sum.PlusScaledInPlace(factor, slope[part]);
                }
            }

            result[part] = sum ?? state[part].clone();
        }

        return result;
    }

    internal void MoveTo(double start, double end, Tensor[] state) => (Start, End, State) = (start, end, state);
}
