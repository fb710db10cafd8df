namespace GMem.Evaluation;

/// <summary>The Inception score, computed over splits.</summary>
/// <param name="Mean">Mean over the splits, 1 to the number of classes; higher is better.</param>
/// <param name="StandardDeviation">Population standard deviation over the splits; 0 for a single split.</param>
/// <param name="Splits">The score of each split.</param>
public sealed record InceptionScoreResult(double Mean, double StandardDeviation, IReadOnlyList<double> Splits);
