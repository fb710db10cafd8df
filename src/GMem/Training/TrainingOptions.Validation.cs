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
        CheckRun(faults);
        faults.Throw();
    }

    /// <summary>Images that go through the network at once: a micro-batch, or the whole batch.</summary>
    internal int ImagesAtOnce => Math.Min(MicroBatchSize ?? BatchSize, BatchSize);

    /// <summary>The transport that these options describe.</summary>
    internal FlowTransport CreateTransport() => new(InterpolantPath.Of(Path), Prediction, LossWeighting);

    /// <summary>A copy, so that what a caller changes later changes nothing here.</summary>
    internal TrainingOptions Clone()
    {
        TrainingOptions copy = (TrainingOptions)MemberwiseClone();
        copy.PowerAverageWidths = [.. PowerAverageWidths];
        return copy;
    }

    private void CheckSteps(OptionFaults faults)
    {
        faults.Require(TotalSteps >= 1, nameof(TotalSteps), TotalSteps, "at least 1");
        faults.Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        faults.Require(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "above 0");
        faults.Require(Enum.IsDefined(LearningRateSchedule), nameof(LearningRateSchedule), LearningRateSchedule, "a defined schedule");
        faults.Require(WarmUpSteps >= 0, nameof(WarmUpSteps), WarmUpSteps, "at least 0");
        faults.Require(FinalLearningRateShare is >= 0 and <= 1, nameof(FinalLearningRateShare), FinalLearningRateShare, "in [0, 1]");
        faults.Require(MicroBatchSize is null or >= 1, nameof(MicroBatchSize), MicroBatchSize, "at least 1, or null");
        faults.Require(Enum.IsDefined(Precision), nameof(Precision), Precision, "a defined precision");
    }

    private void CheckOptimizer(OptionFaults faults)
    {
        faults.Require(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "in [0, 1)");
        faults.Require(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "in [0, 1)");
        faults.Require(Epsilon > 0 && double.IsFinite(Epsilon), nameof(Epsilon), Epsilon, "above 0");
        faults.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "at least 0");
        faults.Require(MaxGradientNorm >= 0 && double.IsFinite(MaxGradientNorm), nameof(MaxGradientNorm), MaxGradientNorm, "at least 0 (0 switches clipping off)");
        faults.Require(EmaDecay is >= 0 and < 1, nameof(EmaDecay), EmaDecay, "in [0, 1)");
        bool widths = PowerAverageWidths is { Count: 0 or 2 } && PowerAverageWidths.All(w => w is > 0 and <= 0.28) && PowerAverageWidths.Distinct().Count() == PowerAverageWidths.Count;
        faults.Require(
            widths, nameof(PowerAverageWidths), PowerAverageWidths is null ? null : $"[{string.Join(", ", PowerAverageWidths)}]", "empty, or two different widths in (0, 0.28]");
    }

    private void CheckLoss(OptionFaults faults)
    {
        faults.Require(CosineLossWeight >= 0 && double.IsFinite(CosineLossWeight), nameof(CosineLossWeight), CosineLossWeight, "at least 0");
        faults.Require(CosineLossWeight == 0 || Prediction == PredictionTarget.Velocity, nameof(CosineLossWeight), CosineLossWeight, "0 unless Prediction is Velocity");
        faults.Require(ProjectionLossWeight >= 0 && double.IsFinite(ProjectionLossWeight), nameof(ProjectionLossWeight), ProjectionLossWeight, "at least 0");
        faults.Require(Enum.IsDefined(Path), nameof(Path), Path, "a defined path");
        faults.Require(Enum.IsDefined(Prediction), nameof(Prediction), Prediction, "a defined target");
        faults.Require(Enum.IsDefined(LossWeighting), nameof(LossWeighting), LossWeighting, "a defined weighting");
    }

    private void CheckRun(OptionFaults faults)
    {
        faults.Require(LogEveryNStep >= 1, nameof(LogEveryNStep), LogEveryNStep, "at least 1");
        faults.Require(CheckpointEvery.IsValid, nameof(CheckpointEvery), CheckpointEvery, "a number of steps or a time above 0, or TrainingInterval.Never");
        faults.Require(CheckpointsKept >= 1, nameof(CheckpointsKept), CheckpointsKept, "at least 1");
        faults.Require(Enum.IsDefined(OnCancellation), nameof(OnCancellation), OnCancellation, "a defined behaviour");
        faults.Require(Enum.IsDefined(OnDivergence), nameof(OnDivergence), OnDivergence, "a defined behaviour");
        faults.Require(MaxSkippedStepsInARow >= 1, nameof(MaxSkippedStepsInARow), MaxSkippedStepsInARow, "at least 1");
        faults.Require(SampleEveryNStep >= 0, nameof(SampleEveryNStep), SampleEveryNStep, "at least 0 (0 draws none)");
        faults.Require(SampleCount >= 1, nameof(SampleCount), SampleCount, "at least 1");
        faults.Require(ValidationFraction is >= 0 and < 1, nameof(ValidationFraction), ValidationFraction, "in [0, 1)");
        faults.Require(AverageSnapshotEveryNStep >= 1, nameof(AverageSnapshotEveryNStep), AverageSnapshotEveryNStep, "at least 1");
        faults.Require(ValidateEveryNStep >= 1, nameof(ValidateEveryNStep), ValidateEveryNStep, "at least 1");
        faults.Require(EarlyStoppingPatience >= 0, nameof(EarlyStoppingPatience), EarlyStoppingPatience, "at least 0 (0 never stops early)");
        faults.Require(EarlyStoppingPatience == 0 || ValidationFraction > 0, nameof(EarlyStoppingPatience), EarlyStoppingPatience, "0 unless ValidationFraction is above 0");
    }
}
