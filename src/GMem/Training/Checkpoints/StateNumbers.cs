namespace GMem.Training;

/// <summary>The numbers of a <see cref="TrainingState"/>, as a checkpoint holds them.</summary>
internal sealed record StateNumbers(
    long Step,
    long Updates,
    long Skipped,
    double LearningRateFactor,
    int Returns,
    double BestValidationLoss,
    int EvaluationsWithoutGain)
{
    /// <summary>Measurements of quality; checkpoints from before there were any have none.</summary>
    public QualityNumbers Quality { get; init; } = new();

    /// <summary>Probability of each kind of augmentation; 0 without any.</summary>
    public double AugmentationProbability { get; init; }
}
