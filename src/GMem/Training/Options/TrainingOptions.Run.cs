namespace GMem.Training;

/// <content>What decides when something is written, shown or checked, but not the numbers.</content>
public sealed partial class TrainingOptions
{
    /// <summary>
    /// A report after every so many steps, and after the last; between them come interim ones
    /// (<see cref="TrainingProgress.IsInterim"/>). At least 1. Default 50.
    /// </summary>
    public int LogEveryNStep { get; set; } = 50;

    /// <summary>
    /// How often a checkpoint is written into <c>WorkspacePath</c>: a number of steps, or a time (<c>CheckpointEvery = 1000</c>,
    /// <c>CheckpointEvery = TimeSpan.FromMinutes(5)</c>). One more is written at the end and on cancellation. Without a workspace a copy is
    /// kept in main memory, for <see cref="OnDivergence"/> alone. Default 10 minutes.
    /// </summary>
    public TrainingInterval CheckpointEvery { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How many of the newest checkpoints are kept. At least 1; with 2 or more a damaged one costs little. Default 3.</summary>
    public int CheckpointsKept { get; set; } = 3;

    /// <summary>
    /// What a cancelled run gives: the model as far as it was trained, marked as partial, or an exception. Default the model.
    /// </summary>
    public CancellationBehavior OnCancellation { get; set; } = CancellationBehavior.Keep;

    /// <summary>
    /// What happens after <see cref="MaxSkippedStepsInARow"/>. Default <see cref="DivergenceBehavior.Restore"/>: the last good checkpoint
    /// at half the learning rate, and after six such returns the run stops with the diagnosis.
    /// </summary>
    public DivergenceBehavior OnDivergence { get; set; } = DivergenceBehavior.Restore;

    /// <summary>
    /// A step whose loss or gradient is not finite changes nothing and is counted; after so many in a row the run counts as diverged.
    /// Checked after every step on the CPU, at every report on a GPU. At least 1. Default 5.
    /// </summary>
    public int MaxSkippedStepsInARow { get; set; } = 5;

    /// <summary>
    /// Every so many steps, and at the end, a grid of samples of the averaged weights, of the same seeds each time, is written into the
    /// workspace; 0 writes none. Default 500.
    /// </summary>
    public int SampleEveryNStep { get; set; } = 500;

    /// <summary>Images in that grid, from 1 to 4096. Default 16.</summary>
    public int SampleCount { get; set; } = 16;

    /// <summary>
    /// A snapshot of the averages of <see cref="PowerAverageWidths"/> is written into the workspace every so many steps, and at the end:
    /// twice the size of the network each. At least 1. Default 500.
    /// </summary>
    public int AverageSnapshotEveryNStep { get; set; } = 500;

    /// <summary>The validation loss is computed every so many steps, and at the end. At least 1. Default 500.</summary>
    public int ValidateEveryNStep { get; set; } = 500;

    /// <summary>
    /// Stops when the validation loss has not fallen in so many evaluations in a row; 0 never stops early. Needs validation images. Default
    /// 0.
    /// </summary>
    public int EarlyStoppingPatience { get; set; }
}
