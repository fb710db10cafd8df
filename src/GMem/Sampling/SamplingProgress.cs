namespace GMem.Sampling;

/// <summary>How far a batch is.</summary>
/// <param name="Completed">
/// Steps done, a last step included; rows done with an adaptive stepper such as Dopri5, which works row by row.
/// </param>
/// <param name="Total">Steps (or rows) in all.</param>
public readonly record struct SamplingProgress(int Completed, int Total)
{
    /// <summary>The report as a line, without a full stop.</summary>
    /// <returns>For instance <c>Generating: 3 of 25</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"Generating: {Completed} of {Total}");
}
