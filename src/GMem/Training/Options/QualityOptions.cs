namespace GMem.Training;

/// <summary>
/// How the quality of generated images is measured while a network is trained: the Frechet distance of samples to held-out pictures, and
/// the share of samples that are copies of training pictures. The samples are made with the averaged weights, each from the memory entry of
/// a picture that is trained on. Immutable.
/// </summary>
/// <remarks>
/// The held-out pictures are those of <see cref="TrainingOptions.ValidationFraction"/>, at least 4. Distances depend on the number of
/// samples and of held-out pictures, so compare them only within a run or between runs of equal counts.
/// </remarks>
public sealed record QualityOptions
{
    /// <summary>The quality is measured every so many steps, and at the end. At least 1. Default 500.</summary>
    public int EveryNStep { get; init; } = 500;

    /// <summary>
    /// Samples of a measurement, always of the same seeds and memory entries. From 4 to 100,000. Default 500; fewer make the distance
    /// noisier.
    /// </summary>
    public int SampleCount { get; init; } = 500;

    /// <summary>
    /// Solver steps of the samples, from 1 to 10,000; null takes those of the model's sampling options, which cost more. Default 10.
    /// </summary>
    public int? SamplerSteps { get; init; } = 10;

    /// <summary>
    /// Stops when the distance has not improved in so many measurements in a row; 0 never stops early. May change when a run is continued.
    /// Default 0.
    /// </summary>
    public int EarlyStoppingPatience { get; init; }

    /// <summary>
    /// By what share of the best distance so far a measurement must be lower to count as an improvement for
    /// <see cref="EarlyStoppingPatience"/>. In [0, 1). Default 0.
    /// </summary>
    public double MinimumGain { get; init; }

    /// <summary>
    /// Whether the trained model has the averaged weights of the lowest distance measured, rather than those of the last step. Default
    /// true.
    /// </summary>
    public bool KeepBest { get; init; } = true;

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        OptionFaults faults = new(nameof(QualityOptions));
        Check(faults);
        faults.Throw();
    }

    internal void Check(OptionFaults faults)
    {
        const string Owner = "the quality's ";
        faults.Require(EveryNStep >= 1, Owner + nameof(EveryNStep), EveryNStep, "at least 1");
        faults.RequireFrom(4, 100_000, SampleCount, Owner + nameof(SampleCount));
        faults.Require(
            SamplerSteps is null or (>= 1 and <= 10_000), Owner + nameof(SamplerSteps), SamplerSteps, "from 1 to 10000, or null");
        faults.Require(
            EarlyStoppingPatience >= 0, Owner + nameof(EarlyStoppingPatience), EarlyStoppingPatience, "at least 0 (0 never stops early)");
        faults.Require(MinimumGain is >= 0 and < 1, Owner + nameof(MinimumGain), MinimumGain, "in [0, 1)");
    }
}
