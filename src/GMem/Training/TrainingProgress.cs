namespace GMem.Training;

/// <summary>What a training run reports every <see cref="TrainingOptions.LogEveryNStep"/> steps.</summary>
/// <param name="Step">Steps done, from 1.</param>
/// <param name="TotalSteps">Steps there will be.</param>
/// <param name="Epoch">Passes over the images so far, fractional.</param>
/// <param name="Loss">The total loss, averaged over the steps since the last report.</param>
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
    TimeSpan TimeLeft);
