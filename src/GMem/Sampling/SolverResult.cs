namespace GMem.Sampling;

/// <summary>What a solver found. Dispose it to free the tensors, or let the surrounding dispose scope do so.</summary>
internal sealed class SolverResult : IDisposable
{
    internal SolverResult(torch.Tensor final, torch.Tensor? trajectory, IReadOnlyList<double> times, int evaluations)
    {
        Final = final;
        Trajectory = trajectory;
        Times = times;
        Evaluations = evaluations;
    }

    /// <summary>The state at the end, <c>[B, ...]</c>.</summary>
    public torch.Tensor Final { get; }

    /// <summary>The states at <see cref="Times"/>, <c>[S, B, ...]</c>; null unless it was asked for.</summary>
    public torch.Tensor? Trajectory { get; }

    /// <summary>
    /// The times of the trajectory's S = steps + 1 states. Of an ODE: the grid, the start included. Of an SDE: the end of each step, then
    /// the end of the last step (without a last step the final state stands there twice).
    /// </summary>
    public IReadOnlyList<double> Times { get; }

    /// <summary>How often the network was evaluated for the whole batch (NFE).</summary>
    public int Evaluations { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Final.Dispose();
        Trajectory?.Dispose();
    }
}
