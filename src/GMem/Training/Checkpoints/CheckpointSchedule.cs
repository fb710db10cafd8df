using System.Diagnostics;

namespace GMem.Training;

/// <summary>When a run's state is kept.</summary>
internal sealed class CheckpointSchedule(ICheckpointStore store, TrainingInterval every)
{
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Continues where a run before this one stopped, or keeps the initial state, to which a run may have to return.</summary>
    /// <exception cref="ArgumentException">More steps are done than there are to be.</exception>
    public void Begin(TrainingState state, long totalSteps)
    {
        if (!store.TryRestore(state))
        {
            Save(state);
        }
        else if (state.Step > totalSteps)
        {
            throw new ArgumentException(
                $"TotalSteps is {totalSteps}, but the run in this workspace has done {state.Step} steps. TotalSteps may grow, not shrink; "
                    + "choose another WorkspacePath for a shorter run.");
        }
    }

    /// <summary>Whether a checkpoint is due after so many steps, by this process's clock.</summary>
    public bool IsDue(long step) => every.IsDue(step, Stopwatch.GetElapsedTime(_last));

    /// <summary>Not amid steps that are left out: what is kept is a state worth returning to.</summary>
    /// <param name="state">The state.</param>
    /// <param name="isDue">What <see cref="IsDue"/> said, on the first rank.</param>
    public void SaveIfDue(TrainingState state, bool isDue)
    {
        if (isDue && state.Optimizer.Counts.SkippedInARow == 0)
        {
            Save(state);
        }
    }

    public void Save(TrainingState state)
    {
        _ = store.Save(state);
        _last = Stopwatch.GetTimestamp();
    }
}
