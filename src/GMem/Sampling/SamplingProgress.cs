namespace GMem.Sampling;

/// <summary>How far a batch is.</summary>
/// <param name="Completed">Steps done, a last step included; for <see cref="OdeMethod.Dopri5"/>, which integrates row by row, rows done.</param>
/// <param name="Total">Steps (or rows) in all.</param>
public readonly record struct SamplingProgress(int Completed, int Total);
