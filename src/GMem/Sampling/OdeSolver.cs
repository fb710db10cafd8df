using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>Integrates an equation over a grid of times, rising or falling, by any method. No gradients are recorded.</summary>
internal sealed class OdeSolver(OdeMethod method, double relativeTolerance, double absoluteTolerance)
{
    /// <summary>The state at the last time, and, if asked for, those at all times.</summary>
    public sealed record Solution(Tensor[] Final, List<Tensor[]>? Trajectory, int Evaluations);

    /// <summary>Tensors of the solution belong to the caller's dispose scope; <paramref name="stepDone"/> is not called by Dopri5.</summary>
    public Solution Solve(OdeFunction function, double[] times, Tensor[] initial, bool keepTrajectory, Action<int>? stepDone, CancellationToken cancellationToken)
    {
        int evaluations = 0;
        Tensor[] Counted(double time, Tensor[] state)
        {
            evaluations++;
            return function(time, state);
        }

        using IDisposable noGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        List<Tensor[]>? trajectory = keepTrajectory ? [[.. initial.Select(part => part.clone())]] : null;
        Tensor[] final = method == OdeMethod.Dopri5
            ? SolveAdaptively(Counted, times, initial, trajectory, cancellationToken)
            : SolveOnGrid(Counted, times, initial, trajectory, stepDone, cancellationToken);
        foreach (Tensor part in (trajectory ?? []).SelectMany(state => state).Concat(final).Distinct(ReferenceEqualityComparer.Instance).Cast<Tensor>())
        {
            part.MoveToOuterDisposeScope();
        }

        return new Solution(final, trajectory, evaluations);
    }

    private Tensor[] SolveOnGrid(
        OdeFunction function, double[] times, Tensor[] initial, List<Tensor[]>? trajectory, Action<int>? stepDone, CancellationToken cancellationToken)
    {
        ButcherTableau tableau = ButcherTableau.Of(method);
        Tensor[] state = initial;
        for (int i = 1; i < times.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Tensor[] next;
            using (NewDisposeScope())
            {
                next = RungeKutta.Step(tableau, function, times[i - 1], times[i], state);
                foreach (Tensor part in next)
                {
                    part.MoveToOuterDisposeScope();
                }
            }

            if (trajectory is null && i > 1)
            {
                DisposeAll(state);
            }

            state = next;
            trajectory?.Add(next);
            stepDone?.Invoke(i);
        }

        return state;
    }

    private Tensor[] SolveAdaptively(OdeFunction function, double[] times, Tensor[] initial, List<Tensor[]>? trajectory, CancellationToken cancellationToken)
    {
        // Falling times are integrated as rising ones of the mirrored equation.
        double direction = times[^1] < times[0] ? -1 : 1;
        OdeFunction rising = direction > 0 ? function : (time, state) => [.. function(-time, state).Select(part => part.neg())];
        DormandPrince solver = new(rising, direction * times[0], initial, relativeTolerance, absoluteTolerance);
        Tensor[] state = initial;
        foreach (double time in trajectory is null ? [times[^1]] : times[1..])
        {
            solver.AdvanceTo(direction * time, cancellationToken);
            state = solver.Interpolate(direction * time);
            trajectory?.Add(state);
        }

        return state;
    }

    private static void DisposeAll(Tensor[] state)
    {
        foreach (Tensor part in state)
        {
            part.Dispose();
        }
    }
}
