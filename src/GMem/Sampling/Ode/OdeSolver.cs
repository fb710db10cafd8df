using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>Integrates an equation over a grid of times, rising or falling, by any stepper. No gradients are recorded.</summary>
internal sealed class OdeSolver
{
    public OdeSolver(OdeStepper stepper, double relativeTolerance, double absoluteTolerance)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(relativeTolerance);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(absoluteTolerance);
        (Stepper, RelativeTolerance, AbsoluteTolerance) = (stepper, relativeTolerance, absoluteTolerance);
    }

    public OdeStepper Stepper { get; }

    public double RelativeTolerance { get; }

    public double AbsoluteTolerance { get; }

    /// <summary>The state at the last time, and, if asked for, those at all times.</summary>
    public sealed record Solution(Tensor[] Final, List<Tensor[]>? Trajectory, int Evaluations);

    /// <summary>
    /// Tensors of the solution belong to the caller's dispose scope. <paramref name="stepDone"/> is not called by adaptive steppers: their
    /// steps are not those of the grid, of which only the points wanted are visited.
    /// </summary>
    public Solution Solve(
        Func<double, Tensor[], Tensor[]> slope,
        double[] times,
        Tensor[] initial,
        bool keepTrajectory,
        Action<int>? stepDone,
        CancellationToken cancellationToken)
    {
        using IDisposable noGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        OdeStep step = new(slope, this, scope, cancellationToken);
        List<Tensor[]>? trajectory = keepTrajectory ? [[.. initial.Select(part => part.clone())]] : null;
        double[] stops = Stepper.IsAdaptive && !keepTrajectory ? [times[0], times[^1]] : times;
        Tensor[] state = initial;
        for (int i = 1; i < stops.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            step.MoveTo(stops[i - 1], stops[i], state);
            Tensor[] next = Take(step, i - 1);
            if (trajectory is null && i > 1)
            {
                DisposeAll(state);
            }

            state = next;
            trajectory?.Add(next);
            if (!Stepper.IsAdaptive)
            {
                stepDone?.Invoke(i);
            }
        }

        foreach (Tensor part in trajectory?.SelectMany(parts => parts) ?? state)
        {
            part.MoveToOuterDisposeScope();
        }

        return new Solution(state, trajectory, step.Evaluations);
    }

    private Tensor[] Take(OdeStep step, int index)
    {
        using DisposeScope scope = NewDisposeScope();
        int before = step.Evaluations;
        Tensor[] next = Stepper.Step(step);
        Stepper.CheckEvaluations(index, step.Evaluations - before);
        string given = Shapes(step.State), made = Shapes(next);
        if (given != made || next.Intersect(step.State, ReferenceEqualityComparer.Instance).Any())
        {
            throw new InvalidOperationException(
                $"{Stepper} turned a state of {given} into one of {made}; a step returns new tensors of the state's shapes.");
        }

        return step.Keep(next);
    }

    private static string Shapes(Tensor[] state) => string.Join(", ", state.Select(part => $"[{string.Join(", ", part.shape)}]"));

    private static void DisposeAll(Tensor[] state)
    {
        foreach (Tensor part in state)
        {
            part.Dispose();
        }
    }
}
