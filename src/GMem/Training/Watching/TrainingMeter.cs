using System.Diagnostics.Metrics;

namespace GMem.Training;

/// <summary>
/// The instruments of the meter <c>GMem</c>, for <c>dotnet-counters</c>, OpenTelemetry and the like. They cost nothing while no one
/// listens.
/// </summary>
internal static class TrainingMeter
{
    public const string Name = "GMem";

    private static readonly Meter Meter = new(Name, typeof(TrainingMeter).Assembly.GetName().Version?.ToString(3));
    private static readonly Counter<long> Images = Meter.CreateCounter<long>("gmem.training.images", "{image}", "Images trained on.");
    private static readonly Gauge<long> Step = Meter.CreateGauge<long>("gmem.training.step", "{step}", "Steps done.");
    private static readonly Gauge<long> Skipped = Meter.CreateGauge<long>(
        "gmem.training.skipped_steps", "{step}", "Steps skipped because the loss or the gradient was not finite.");
    private static readonly Gauge<double> Loss = Meter.CreateGauge<double>(
        "gmem.training.loss", null, "Mean total loss since the last report.");
    private static readonly Gauge<double> ValidationLoss = Meter.CreateGauge<double>(
        "gmem.training.validation_loss", null, "Loss on the validation images.");
    private static readonly Gauge<double> Distance = Meter.CreateGauge<double>(
        "gmem.training.frechet_distance", null, "Frechet distance of samples to held-out pictures.");
    private static readonly Gauge<double> Copies = Meter.CreateGauge<double>(
        "gmem.training.copy_share", null, "Share of samples that are copies of training pictures.");
    private static readonly Gauge<double> GradientNorm = Meter.CreateGauge<double>(
        "gmem.training.gradient_norm", null, "L2 norm of the gradient before clipping.");
    private static readonly Gauge<double> LearningRate = Meter.CreateGauge<double>("gmem.training.learning_rate", null, "Learning rate.");
    private static readonly Gauge<double> Speed = Meter.CreateGauge<double>(
        "gmem.training.images_per_second", "{image}/s", "Images trained on a second.");
    private static readonly Gauge<long> Memory = Meter.CreateGauge<long>(
        "gmem.training.resident_memory", "By", "Memory of the process in RAM.");

    /// <param name="progress">A report.</param>
    /// <param name="images">Images since the last one.</param>
    public static void Record(TrainingProgress progress, long images)
    {
        Images.Add(images);
        Step.Record(progress.Step);
        Skipped.Record(progress.SkippedSteps);
        Loss.Record(progress.Loss);
        GradientNorm.Record(progress.GradientNorm);
        LearningRate.Record(progress.LearningRate);
        Speed.Record(progress.ImagesPerSecond);
        Memory.Record(progress.ResidentMemory);
        if (progress.ValidationLoss is { } loss)
        {
            ValidationLoss.Record(loss);
        }

        if (progress.Quality is { } quality)
        {
            Distance.Record(quality.FrechetDistance);
            Copies.Record(quality.CopyShare);
        }
    }
}
