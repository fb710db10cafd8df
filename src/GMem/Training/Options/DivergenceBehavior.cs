namespace GMem.Training;

/// <summary>What happens when the loss or the gradient was not finite for several steps in a row.</summary>
public enum DivergenceBehavior
{
    /// <summary>The last good checkpoint is restored, and the run goes on from it at half the learning rate.</summary>
    Restore,

    /// <summary>The run stops with an <see cref="InvalidOperationException"/> that says what was seen and what to change.</summary>
    Stop,
}
