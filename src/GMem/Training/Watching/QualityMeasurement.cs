namespace GMem.Training;

/// <summary>What a measurement of <see cref="TrainingOptions.Quality"/> found.</summary>
/// <param name="FrechetDistance">
/// Frechet distance of the samples to the held-out pictures; lower is better. It is the FID only with Inception features.
/// </param>
/// <param name="CopyShare">
/// Share of the samples, in [0, 1], that are nearer to the training picture whose memory they were made from than that picture's nearest
/// neighbour is (<c>CopyCheck</c>); without a memory, to the nearest training picture.
/// </param>
/// <param name="HeldOutCopyShare">
/// The same share of the held-out pictures, compared with the nearest training picture: what a model that copies nothing would have.
/// </param>
public sealed record QualityMeasurement(double FrechetDistance, double CopyShare, double HeldOutCopyShare)
{
    /// <summary>Seconds that the measurement took.</summary>
    public double Seconds { get; init; }

    /// <summary>Share of the run's time so far, in [0, 1], that measurements of quality took.</summary>
    public double TimeShare { get; init; }

    /// <summary>The measurement as a line, without a full stop.</summary>
    /// <returns><c>Frechet distance 1.23, copies 4.0 % (held-out pictures 18.8 %), measured in 2.1 s (3 % of the time)</c>.</returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"Frechet distance {FrechetDistance:g4}, copies {100 * CopyShare:0.0} % (held-out pictures {100 * HeldOutCopyShare:0.0} %), "
            + $"measured in {Seconds:0.0} s ({100 * TimeShare:0} % of the time)");
}
