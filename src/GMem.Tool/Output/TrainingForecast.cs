using GMem.Training;
using Microsoft.ML;

namespace GMem.Tool.Output;

/// <summary>What a training will take, as far as it can be told before it: images a step, memory and time.</summary>
/// <param name="Text">In two lines.</param>
/// <param name="Value">For <c>--json</c>.</param>
internal sealed record TrainingForecast(string Text, object Value)
{
    private const double Megabyte = 1e6;

    /// <param name="ml">Where to train.</param>
    /// <param name="options">How. A batch whose size is not given is set to what it will be.</param>
    /// <param name="account">The images, read.</param>
    /// <exception cref="ArgumentException">There are fewer images than a batch of the size that was given, or none.</exception>
    public static TrainingForecast Of(MLContext ml, GMemTrainer.Options options, ImageAccount account)
    {
        TrainingOptions training = options.Training;
        int images = account.Listing.Count - account.Skipped.Count;
        if (images < (training.BatchSize ?? 1))
        {
            throw new ArgumentException(images == 0
                ? $"None of the {account.Listing.Count} images can be read."
                : $"{images} images can be read, fewer than one batch of {training.BatchSize}. Give more images, or set BatchSize to at "
                    + $"most {images}.");
        }

        bool isReduced = training.BatchSize is null && images < TrainingOptions.DefaultBatchSize;
        int batch = training.BatchSize ??= Math.Min(TrainingOptions.DefaultBatchSize, images);
        GMemTrainer trainer = ml.ImageGeneration.Trainers.GMem(options);
        TrainingEstimate estimate = trainer.CheckMemory();
        TimeSpan? step = trainer.MeasureStep();
        TimeSpan? whole = step * training.TotalSteps;
        string reduced = isReduced ? $", all there are (the default is {TrainingOptions.DefaultBatchSize})" : "";
        string memory = string.Create(
            CultureInfo.InvariantCulture,
            $"about {estimate.Memory / Megabyte:N0} MB of memory beside the images, "
                + $"{estimate.Network / Megabyte:N0} MB for the network's file");
        string steps = string.Create(CultureInfo.InvariantCulture, $"{training.TotalSteps:N0} steps");
        string time = step is { TotalSeconds: double seconds }
            ? string.Create(CultureInfo.InvariantCulture, $"{DurationText.About(whole!.Value)} for {steps} ({seconds:0.###} s each")
                + ", measured on made-up data), after reading and encoding"
            : $"how long {steps} take is not known: a step is too slow to be measured here in some seconds";
        return new TrainingForecast(
            $"{batch} images a step{reduced}; {memory}{Environment.NewLine}{time}",
            new
            {
                BatchSize = batch,
                IsBatchReduced = isReduced,
                MemoryBytes = estimate.Memory,
                NetworkBytes = estimate.Network,
                SecondsPerStep = step?.TotalSeconds,
                Seconds = whole?.TotalSeconds,
            });
    }
}
