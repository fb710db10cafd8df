namespace GMem.Training;

/// <summary>Where a run's states are kept.</summary>
internal interface ICheckpointStore : IDisposable
{
    /// <summary>Keeps the state as it is now. What goes wrong is a message: training goes on.</summary>
    /// <returns>Whether it is kept.</returns>
    bool Save(TrainingState state);

    /// <summary>Puts the newest whole state that is kept into <paramref name="state"/>.</summary>
    /// <returns>False if there is none; the state is then as it was.</returns>
    bool TryRestore(TrainingState state);
}
