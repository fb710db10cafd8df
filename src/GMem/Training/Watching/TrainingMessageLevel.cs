namespace GMem.Training;

/// <summary>How much a message matters.</summary>
public enum TrainingMessageLevel
{
    /// <summary>Detail: a checkpoint was written, say.</summary>
    Trace,

    /// <summary>Worth knowing.</summary>
    Information,

    /// <summary>Something went wrong, and training goes on.</summary>
    Warning,
}
