namespace GMem.Training;

/// <summary>
/// What a training run reports every <see cref="TrainingOptions.LogEveryNStep"/> steps, and in between as <see cref="IsInterim"/> says.
/// </summary>
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
    /// <summary>
    /// Whether this report comes between two, to say early how long the run will take and that it goes on: after the first step, and then
    /// whenever 1 to 10 seconds have passed without a report, the longer the run has been going. The files of a workspace do not have it,
    /// and its means do not end with it: the next report averages over the same steps again.
    /// </summary>
    public bool IsInterim { get; init; }

    /// <summary>
    /// The terms of <see cref="Loss"/> that the run has, in the order of <see cref="TrainingOptions.Losses"/>, each averaged likewise,
    /// before its weight.
    /// </summary>
    public IReadOnlyList<LossValue> LossTerms { get; init; } = [];

    /// <summary>
    /// The loss on the validation images, if it was computed since the last report; see <see cref="TrainingOptions.ValidationFraction"/>.
    /// </summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The terms of <see cref="ValidationLoss"/>, before their weights; empty where it is null.</summary>
    public IReadOnlyList<LossValue> ValidationTerms { get; init; } = [];

    /// <summary>
    /// The quality of samples, if it was measured since the last report; see <see cref="TrainingOptions.Quality"/>.
    /// </summary>
    public QualityMeasurement? Quality { get; init; }

    /// <summary>
    /// Probability of each kind of augmentation at the next step; null where nothing is augmented
    /// (<see cref="TrainingOptions.Augmentation"/>).
    /// </summary>
    public double? AugmentationProbability { get; init; }

    /// <summary>Steps of the whole run that changed nothing because the loss or the gradient was not finite.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>Memory of the process that is in RAM, bytes.</summary>
    public long ResidentMemory { get; init; }

    /// <summary>
    /// Share of the time since the last report that was spent outside the network (data, optimizer, averages, reports, checkpoints,
    /// samples), in [0, 1]. On a GPU, as the host sees it.
    /// </summary>
    public double OwnCost { get; init; }

    /// <summary>
    /// The file of a grid of samples, if one was drawn since the last report; see <see cref="TrainingOptions.SampleEveryNStep"/>.
    /// </summary>
    public string? SampleGridPath { get; init; }

    /// <summary>What happened besides, since the last report.</summary>
    public IReadOnlyList<TrainingMessage> Messages { get; init; } = [];

    /// <summary>The value of a term of <see cref="LossTerms"/>.</summary>
    /// <param name="name">Its name, such as <c>velocity</c>.</param>
    /// <returns>The value before its weight; null if the run has no such term.</returns>
    public double? LossOf(string name) => Find(LossTerms, name);

    /// <summary>The value of a term of <see cref="ValidationTerms"/>.</summary>
    /// <param name="name">Its name, such as <c>velocity</c>.</param>
    /// <returns>The value before its weight; null if there is none.</returns>
    public double? ValidationLossOf(string name) => Find(ValidationTerms, name);

    /// <summary>The report as a line, without a full stop.</summary>
    /// <returns>
    /// Step, epoch, loss, gradient norm, learning rate, images a second and the time left, as hours, minutes and seconds:
    /// <c>Step 50 of 2000 (epoch 3.20): loss 0.1234, gradient norm 0.568, learning rate 2e-4, 1234.5 images/s, 0:01:02 left</c>,
    /// and what <see cref="Quality"/> was measured.
    /// </returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"Step {Step} of {TotalSteps} (epoch {Epoch:0.00}): loss {Loss:0.0000}, gradient norm {GradientNorm:0.000}, "
            + $"learning rate {LearningRate:0.###e+0}, {ImagesPerSecond:0.0} images/s, "
            + $"{(long)TimeLeft.TotalHours}:{TimeLeft:mm\\:ss} left{(Quality is null ? "" : $"; {Quality}")}");

    private static double? Find(IReadOnlyList<LossValue> values, string name)
    {
        foreach (LossValue value in values)
        {
            if (value.Name == name)
            {
                return value.Value;
            }
        }

        return null;
    }
}
