using GMem.Evaluation;

namespace GMem;

/// <summary>What <see cref="GMemModel.Tune"/> tries, and at what cost.</summary>
public sealed class TuningOptions
{
    /// <summary>Images that each candidate generates, from the same seeds, from 16 to 1,000,000. Default 500.</summary>
    public int Samples { get; set; } = 500;

    /// <summary>
    /// How often the search goes over the settings, from 1 to 10; it ends when a round changes nothing. What was measured before is not
    /// measured again. Default 2.
    /// </summary>
    public int Rounds { get; set; } = 2;

    /// <summary>
    /// Decides which real pictures are of which half, and is the seed of the first image; the others count up from it, and those of the
    /// report follow. At least 0. Default 0.
    /// </summary>
    public long Seed { get; set; }

    /// <summary>Images made at once, from 1 to 65,536. It changes speed and memory, never an image. Default 64.</summary>
    public int BatchSize { get; set; } = 64;

    /// <summary>Guidance scales to try, each from 0 to 1000; 1 is none, and costs half. Default 1, 1.25, 1.5, 2 and 3.</summary>
    public IReadOnlyList<double> GuidanceScales { get; set; } = [1, 1.25, 1.5, 2, 3];

    /// <summary>
    /// From which t on each of these scales guides, each in [0, 1); all pairs are tried. (Above the end of an interval only the
    /// unconditional pass runs, so ends are not tried.) Default 0 and 0.5.
    /// </summary>
    public IReadOnlyList<double> GuidanceIntervalStarts { get; set; } = [0, 0.5];

    /// <summary>Shifts of the times to try, each from 0 (none) to 1000. Default 0, 0.3, 0.5 and 2.</summary>
    public IReadOnlyList<double> TimestepShifts { get; set; } = [0, 0.3, 0.5, 2];

    /// <summary>
    /// Cosines to which the snippets of drawn entries are turned, each in (0, 1]; 1 keeps them. Tried only where the training pictures are
    /// given, since without them it is not known what novelty is good for. Default 1, 0.95, 0.9 and 0.8.
    /// </summary>
    public IReadOnlyList<double> NoveltyCosines { get; set; } = [1, 0.95, 0.9, 0.8];

    /// <summary>The features by which sets of images are compared; stays yours. Null takes <see cref="RandomConvolutionFeatures"/>.
    /// Default null.</summary>
    public FeatureExtractor? Features { get; set; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        OptionFaults faults = new(nameof(TuningOptions));
        faults.RequireFrom(16, 1_000_000, Samples, nameof(Samples));
        faults.RequireFrom(1, 10, Rounds, nameof(Rounds));
        faults.RequireFrom(1, 65536, BatchSize, nameof(BatchSize));
        faults.RequireFrom(0, long.MaxValue - (2L * Math.Max(0, Samples)), Seed, nameof(Seed));
        Require(GuidanceScales, s => s is >= 0 and <= 1000, nameof(GuidanceScales), "numbers from 0 to 1000");
        Require(GuidanceIntervalStarts, t => t is >= 0 and < 1, nameof(GuidanceIntervalStarts), "at least one number in [0, 1)");
        faults.Require(GuidanceIntervalStarts is not [], nameof(GuidanceIntervalStarts), "empty", "at least one number in [0, 1)");
        Require(TimestepShifts, s => s is >= 0 and <= 1000, nameof(TimestepShifts), "numbers from 0 to 1000");
        Require(NoveltyCosines, c => c is > 0 and <= 1, nameof(NoveltyCosines), "numbers in (0, 1]");
        faults.Throw();

        void Require(IReadOnlyList<double>? values, Func<double, bool> isValid, string name, string expected) => faults.Require(
            values?.All(isValid) == true, name,
            values is null ? null : string.Join(", ", values.Select(v => v.ToString(CultureInfo.InvariantCulture))), expected);
    }
}
