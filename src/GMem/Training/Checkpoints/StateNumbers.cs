namespace GMem.Training;

/// <summary>The numbers of a <see cref="TrainingState"/>, as a checkpoint holds them.</summary>
internal sealed record StateNumbers(
    long Step,
    long Updates,
    long Skipped,
    double LearningRateFactor,
    int Returns,
    double BestValidationLoss,
    int EvaluationsWithoutGain);
