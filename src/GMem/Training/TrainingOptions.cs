namespace GMem.Training;

/// <summary>How a network is trained.</summary>
public sealed class TrainingOptions
{
    /// <summary>Optimizer steps. At least 1. Default 5000.</summary>
    public long TotalSteps { get; set; } = 5000;

    /// <summary>Images a step. At least 1. Default 64.</summary>
    public int BatchSize { get; set; } = 64;

    /// <summary>Seed of everything that is drawn at random. Default 0.</summary>
    public long Seed { get; set; }

    /// <summary>A report after every so many steps. At least 1. Default 50.</summary>
    public int LogEveryNStep { get; set; } = 50;
}
