namespace GMem.Training;

/// <summary>How a run ended.</summary>
/// <param name="TrainedSteps">Steps done.</param>
/// <param name="IsPartial">Whether it was cancelled before its last step.</param>
internal readonly record struct TrainingOutcome(long TrainedSteps, bool IsPartial);
