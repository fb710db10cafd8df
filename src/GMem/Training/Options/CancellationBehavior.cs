namespace GMem.Training;

/// <summary>
/// What a run gives that was cancelled after its first step. Before it nothing is learned yet, and <see cref="OperationCanceledException"/>
/// is thrown.
/// </summary>
public enum CancellationBehavior
{
    /// <summary>The model of the averaged weights so far, marked as partial.</summary>
    Keep,

    /// <summary><see cref="OperationCanceledException"/>. What was learned is in the last checkpoint, if there is a workspace.</summary>
    Throw,
}
