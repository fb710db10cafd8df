namespace GMem.Training;

/// <summary>How many steps were taken and left out.</summary>
/// <param name="Updates">Updates of the weights.</param>
/// <param name="Skipped">Steps left out because the loss or the gradient was not finite.</param>
/// <param name="SkippedInARow">Those of them since the last update.</param>
internal readonly record struct StepCounts(long Updates, long Skipped, long SkippedInARow);
