using System.Text.RegularExpressions;
using GMem.Backbone;
using GMem.Transport;

namespace GMem.Training;

public sealed partial class TrainingOptions
{
    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        OptionFaults faults = new(nameof(TrainingOptions));
        CheckSteps(faults);
        CheckOptimizer(faults);
        CheckLoss(faults);
        CheckTrainedParts(faults);
        CheckRun(faults);
        faults.Throw();
    }

    /// <summary>The longest run: what counts steps, images and time can still hold it.</summary>
    private const long MaxSteps = 1_000_000_000;

    private const int MaxBatchSize = 1 << 20;

    /// <summary>Images that go through the network at once: a micro-batch, or the whole batch.</summary>
    internal int ImagesAtOnce => Math.Min(MicroBatchSize ?? ImagesPerStep, ImagesPerStep);

    /// <summary>The batch; once the images are known, <see cref="FitBatch"/> has set it.</summary>
    internal int ImagesPerStep => BatchSize ?? DefaultBatchSize;

    /// <summary>Whether there are fewer images than the default batch has, so that it was made smaller.</summary>
    internal bool IsBatchReduced { get; private set; }

    /// <summary>Settles the batch, so that the description of a run has it.</summary>
    /// <param name="images">Images to train on, without those for validation.</param>
    internal void FitBatch(long images)
    {
        IsBatchReduced = BatchSize is null && images < DefaultBatchSize;
        BatchSize ??= (int)Math.Min(DefaultBatchSize, images);
    }

    /// <summary>The transport that these options describe.</summary>
    internal FlowTransport CreateTransport() => new(InterpolantPath.Of(Path), Prediction, LossWeighting);

    /// <summary>The terms of a run's loss.</summary>
    /// <param name="network">The network, completed from the data.</param>
    /// <param name="hasTokens">Whether there are patch tokens.</param>
    /// <exception cref="ArgumentException">No term applies.</exception>
    internal IReadOnlyList<LossTerm> TermsFor(SiTOptions network, bool hasTokens)
    {
        LossTerm[] terms = [.. Losses.Where(t => t.Weight != 0 && (!t.UsesPatchTokens || (network.ProjectionSize > 0 && hasTokens)))];
        return terms.Length > 0 ? terms : throw new ArgumentException(
            $"None of the loss terms ({string.Join(", ", Losses.Select(t => t.Name))}) applies to this network; add one such as "
                + $"{nameof(VelocityLoss)} to {nameof(Losses)}.");
    }

    /// <summary>Whether a term of the loss compares patch tokens, if the network has a projector.</summary>
    internal bool UsesPatchTokens => Losses.Any(t => t.Weight != 0 && t.UsesPatchTokens);

    /// <summary>A copy, so that what a caller changes later changes nothing here.</summary>
    internal TrainingOptions Clone()
    {
        TrainingOptions copy = (TrainingOptions)MemberwiseClone();
        copy.PowerAverageWidths = [.. PowerAverageWidths];
        copy.Losses = [.. Losses];
        copy.Freeze = [.. Freeze];
        return copy;
    }

    private void CheckSteps(OptionFaults faults)
    {
        faults.RequireFrom(1, MaxSteps, TotalSteps, nameof(TotalSteps));
        faults.RequireFrom(1, MaxBatchSize, ImagesPerStep, nameof(BatchSize));
        faults.Require(LearningRate is > 0 and <= 100, nameof(LearningRate), LearningRate, "above 0 and at most 100");
        faults.Require(Enum.IsDefined(LearningRateSchedule), nameof(LearningRateSchedule), LearningRateSchedule, "a defined schedule");
        faults.RequireFrom(0, MaxSteps, WarmUpSteps, nameof(WarmUpSteps));
        faults.Require(FinalLearningRateShare is >= 0 and <= 1, nameof(FinalLearningRateShare), FinalLearningRateShare, "in [0, 1]");
        faults.Require(MicroBatchSize is null or >= 1, nameof(MicroBatchSize), MicroBatchSize, "at least 1, or null");
        faults.Require(
            Shards is null || (Shards is >= 1 and <= 1024 && int.IsPow2(Shards.Value)), nameof(Shards), Shards,
            "a power of two from 1 to 1024, or null");
        faults.Require(
            ThreadsPerShard is null or (>= 1 and <= 1024), nameof(ThreadsPerShard), ThreadsPerShard, "from 1 to 1024, or null");
        faults.Require(Enum.IsDefined(Precision), nameof(Precision), Precision, "a defined precision");
    }

    private void CheckOptimizer(OptionFaults faults)
    {
        faults.Require(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "in [0, 1)");
        faults.Require(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "in [0, 1)");
        faults.Require(Epsilon > 0 && double.IsFinite(Epsilon), nameof(Epsilon), Epsilon, "above 0");
        faults.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "at least 0");
        faults.Require(
            MaxGradientNorm >= 0 && double.IsFinite(MaxGradientNorm),
            nameof(MaxGradientNorm),
            MaxGradientNorm,
            "at least 0 (0 switches clipping off)");
        faults.Require(EmaDecay is >= 0 and < 1, nameof(EmaDecay), EmaDecay, "in [0, 1)");
        bool widths = PowerAverageWidths is [] or [> 0 and <= 0.28, > 0 and <= 0.28]
            && PowerAverageWidths.Distinct().Count() == PowerAverageWidths.Count;
        string? given = PowerAverageWidths is null ? null : $"[{string.Join(", ", PowerAverageWidths)}]";
        faults.Require(widths, nameof(PowerAverageWidths), given, "empty, or two different widths in (0, 0.28]");
    }

    private void CheckLoss(OptionFaults faults)
    {
        faults.Require(Enum.IsDefined(Path), nameof(Path), Path, "a defined path");
        faults.Require(Enum.IsDefined(Prediction), nameof(Prediction), Prediction, "a defined target");
        faults.Require(Enum.IsDefined(LossWeighting), nameof(LossWeighting), LossWeighting, "a defined weighting");
        Source?.Check(faults);
        FlowMap?.Check(faults);
        bool isLinear = Path == InterpolantKind.Linear && Prediction == PredictionTarget.Velocity;
        faults.Require(
            FlowMap is null || isLinear, nameof(FlowMap), $"there with {nameof(Path)} {Path} and {nameof(Prediction)} {Prediction}",
            $"null, or with {nameof(InterpolantKind.Linear)} and {nameof(PredictionTarget.Velocity)}");
        bool listed = Losses is not null && Losses.All(t => t is not null) && Losses.Any(t => t.Weight != 0);
        string? terms = Losses is null ? null : $"[{string.Join(", ", Losses.Select(t => t?.Name ?? "null"))}]";
        faults.Require(listed, nameof(Losses), terms, "a list of terms, at least one of which has a weight other than 0");
        foreach (LossTerm term in listed ? Losses! : [])
        {
            string option = $"{nameof(Losses)} '{term.Name}'";
            faults.Require(
                TermName().IsMatch(term.Name ?? ""), $"The name of {option}", $"'{term.Name}'",
                "lower-case letters, digits and underscores, beginning with a letter, other than 'total' and 'validation...'");
            faults.Require(
                Losses!.Count(t => t.Name == term.Name) == 1, option, "listed more than once", "there once: names of terms differ");
            faults.Require(double.IsFinite(term.Weight), $"The weight of {option}", term.Weight, "finite");
            faults.Require(
                term.Weight == 0 || term.Supports(Prediction),
                option,
                $"computed for Prediction = {Prediction}",
                "left out, because it does not support that prediction");
        }
    }

    [GeneratedRegex("^(?!total$|validation)[a-z][a-z0-9_]*$")]
    private static partial Regex TermName();

    private void CheckTrainedParts(OptionFaults faults)
    {
        bool patterns = Freeze is not null && !Freeze.Any(string.IsNullOrEmpty);
        faults.Require(patterns, nameof(Freeze), Freeze is null ? null : "a list with an empty pattern", "a list of name patterns");
        faults.Require(
            Adapter is null || !patterns || Freeze!.Count == 0, nameof(Freeze), "set",
            $"empty with {nameof(Adapter)}, which freezes all but itself");
        Adapter?.Check(faults);
    }

    private void CheckRun(OptionFaults faults)
    {
        faults.Require(LogEveryNStep >= 1, nameof(LogEveryNStep), LogEveryNStep, "at least 1");
        faults.Require(
            CheckpointEvery.IsValid,
            nameof(CheckpointEvery),
            CheckpointEvery,
            "a number of steps or a time above 0, or TrainingInterval.Never");
        faults.Require(CheckpointsKept >= 1, nameof(CheckpointsKept), CheckpointsKept, "at least 1");
        faults.Require(Enum.IsDefined(OnCancellation), nameof(OnCancellation), OnCancellation, "a defined behaviour");
        faults.Require(Enum.IsDefined(OnDivergence), nameof(OnDivergence), OnDivergence, "a defined behaviour");
        faults.Require(MaxSkippedStepsInARow >= 1, nameof(MaxSkippedStepsInARow), MaxSkippedStepsInARow, "at least 1");
        faults.Require(SampleEveryNStep >= 0, nameof(SampleEveryNStep), SampleEveryNStep, "at least 0 (0 draws none)");
        faults.RequireFrom(1, 4096, SampleCount, nameof(SampleCount));
        faults.Require(ValidationFraction is >= 0 and < 1, nameof(ValidationFraction), ValidationFraction, "in [0, 1)");
        Quality?.Check(faults);
        faults.Require(
            Quality is null || ValidationFraction > 0, nameof(ValidationFraction), ValidationFraction,
            "above 0 where Quality is set: samples are compared with held-out pictures");
        Augmentation?.Check(faults, Quality);
        faults.Require(AverageSnapshotEveryNStep >= 1, nameof(AverageSnapshotEveryNStep), AverageSnapshotEveryNStep, "at least 1");
        faults.Require(ValidateEveryNStep >= 1, nameof(ValidateEveryNStep), ValidateEveryNStep, "at least 1");
        faults.Require(
            EarlyStoppingPatience >= 0, nameof(EarlyStoppingPatience), EarlyStoppingPatience, "at least 0 (0 never stops early)");
        faults.Require(
            EarlyStoppingPatience == 0 || ValidationFraction > 0,
            nameof(EarlyStoppingPatience),
            EarlyStoppingPatience,
            "0 unless ValidationFraction is above 0");
    }
}
