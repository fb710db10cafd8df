namespace GMem.Training;

/// <summary>
/// Notices that steps are left out one after the other, and returns to the last good state at half the learning rate, or stops the run.
/// </summary>
internal sealed class DivergenceGuard(TrainingOptions options, ICheckpointStore checkpoints, TrainingMessages messages)
{
    /// <summary>After so many returns the learning rate is 1/64 of what was asked for, and something else is wrong.</summary>
    private const int MostReturns = 6;

    /// <summary>Looks at the steps left out so far; on a device only where the host waits for it anyway.</summary>
    /// <param name="state">The state after a step.</param>
    /// <param name="mayWait">Whether the host may wait for the device.</param>
    /// <returns>Whether the state was put back to a checkpoint.</returns>
    /// <exception cref="InvalidOperationException">Training diverged, and it is not to go on or did not help.</exception>
    public bool ReturnedToCheckpoint(TrainingState state, bool mayWait)
    {
        if (!mayWait && !state.Optimizer.CountsOnHost)
        {
            return false;
        }

        long inARow = state.Optimizer.Counts.SkippedInARow;
        if (inARow < options.MaxSkippedStepsInARow)
        {
            return false;
        }

        long step = state.Step;
        (double factor, int returns) = (state.LearningRateFactor, state.Returns);
        if (options.OnDivergence == DivergenceBehavior.Stop || returns == MostReturns || !checkpoints.TryRestore(state))
        {
            throw new InvalidOperationException(Diagnosis(step, inARow, factor, returns));
        }

        state.LearningRateFactor = factor / 2;
        state.Returns = returns + 1;
        messages.Warn(
            $"The loss or the gradient was not finite in the {inARow} steps up to step {step}: returned to step {state.Step}, and the "
                + $"learning rate is {state.LearningRateFactor} of what was asked for.");
        return true;
    }

    private string Diagnosis(long step, long inARow, double factor, int returns)
    {
        string tried = returns == 0
            ? ""
            : $" {returns} returns to a checkpoint, each at half the learning rate (now {factor} of it), did not help.";
        string clipping = options.MaxGradientNorm == 0
            ? "switch clipping on (MaxGradientNorm is 0)"
            : $"lower MaxGradientNorm (it is {options.MaxGradientNorm})";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Training diverged: the loss or the gradient was not finite in the {inARow} steps up to step {step}; they changed "
            + $"nothing.{tried} Lower LearningRate (it is {options.LearningRate}), raise WarmUpSteps (it is {options.WarmUpSteps}), "
            + $"or {clipping}.");
    }
}
