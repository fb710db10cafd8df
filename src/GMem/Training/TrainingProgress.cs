namespace GMem.Training;

/// <summary>What a training run reports every <see cref="TrainingOptions.LogEveryNStep"/> steps.</summary>
/// <param name="Step">Steps done, from 1.</param>
/// <param name="TotalSteps">Steps there will be.</param>
/// <param name="Epoch">Passes over the images so far, fractional.</param>
/// <param name="Loss">The total loss, averaged over the steps since the last report that were not skipped; NaN if all were.</param>
/// <param name="GradientNorm">L2 norm of the gradient before clipping, at this step.</param>
/// <param name="LearningRate">The learning rate of this step.</param>
/// <param name="ImagesPerSecond">Training images a second since the last report.</param>
/// <param name="TimeLeft">Estimate of the time that the remaining steps will take.</param>
public sealed record TrainingProgress(
    long Step,
    long TotalSteps,
    double Epoch,
    double Loss,
    double GradientNorm,
    double LearningRate,
    double ImagesPerSecond,
    TimeSpan TimeLeft)
{
    /// <summary>The squared error within <see cref="Loss"/>, averaged likewise.</summary>
    public double DataLoss { get; init; }

    /// <summary>The cosine loss before its weight, averaged likewise; null where it is not used.</summary>
    public double? CosineLoss { get; init; }

    /// <summary>The projection loss (REPA) before its weight, averaged likewise; null where it is not used.</summary>
    public double? ProjectionLoss { get; init; }

    /// <summary>The loss on the validation images, if it was computed since the last report; see <see cref="TrainingOptions.ValidationFraction"/>.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Steps of the whole run that changed nothing because the loss or the gradient was not finite.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>Memory of the process that is in RAM, bytes.</summary>
    public long ResidentMemory { get; init; }

    /// <summary>Share of the time since the last report that went into anything but the network: data, optimizer, averages, reports, checkpoints, samples, in [0, 1]. On a GPU, as seen by the host.</summary>
    public double OwnCost { get; init; }

    /// <summary>The file of a grid of samples, if one was drawn since the last report; see <see cref="TrainingOptions.SampleEveryNStep"/>.</summary>
    public string? SampleGridPath { get; init; }

    /// <summary>What happened besides, since the last report.</summary>
    public IReadOnlyList<TrainingMessage> Messages { get; init; } = [];
}
