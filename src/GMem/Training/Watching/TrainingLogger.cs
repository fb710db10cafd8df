using Microsoft.Extensions.Logging;

namespace GMem.Training;

/// <summary>
/// Writes the progress of a run to an <see cref="ILogger"/>: reports and messages as structured entries, each at its level.
/// </summary>
/// <param name="logger">Where to.</param>
/// <param name="next">Told after the logger; null for no one.</param>
public sealed partial class TrainingLogger(ILogger logger, IProgress<TrainingProgress>? next = null) : IProgress<TrainingProgress>
{
    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        foreach (TrainingMessage message in value.Messages)
        {
            LogLevel level = message.Level switch
            {
                TrainingMessageLevel.Warning => LogLevel.Warning,
                TrainingMessageLevel.Information => LogLevel.Information,
                _ => LogLevel.Trace,
            };
            Message(logger, level, message.Text);
        }

        Progress(
            logger,
            value.Step,
            value.TotalSteps,
            value.Epoch,
            value.Loss,
            value.GradientNorm,
            value.LearningRate,
            value.ImagesPerSecond,
            value.TimeLeft);
        if (value.ValidationLoss is { } loss)
        {
            Validation(logger, value.Step, loss);
        }

        if (value.Quality is { } quality)
        {
            Quality(logger, value.Step, quality.FrechetDistance, quality.CopyShare, quality.Seconds);
        }

        next?.Report(value);
    }

    [LoggerMessage(EventId = 1, EventName = "TrainingProgress", Level = LogLevel.Information, Message =
        "Step {Step} of {TotalSteps} (epoch {Epoch:0.00}): loss {Loss:0.0000}, gradient norm {GradientNorm:0.000}, "
        + "learning rate {LearningRate:0.###e+0}, {ImagesPerSecond:0.0} images/s, {TimeLeft} left.")]
    private static partial void Progress(
        ILogger logger,
        long step,
        long totalSteps,
        double epoch,
        double loss,
        double gradientNorm,
        double learningRate,
        double imagesPerSecond,
        TimeSpan timeLeft);

    [LoggerMessage(EventId = 2, EventName = "TrainingMessage", Message = "{Text}")]
    private static partial void Message(ILogger logger, LogLevel level, string text);

    [LoggerMessage(EventId = 3, EventName = "ValidationLoss", Level = LogLevel.Information, Message =
        "Step {Step}: validation loss {ValidationLoss:0.0000}.")]
    private static partial void Validation(ILogger logger, long step, double validationLoss);

    [LoggerMessage(EventId = 4, EventName = "Quality", Level = LogLevel.Information, Message =
        "Step {Step}: Frechet distance {FrechetDistance:0.0000}, share of copies {CopyShare:0.000}, measured in {Seconds:0.0} s.")]
    private static partial void Quality(ILogger logger, long step, double frechetDistance, double copyShare, double seconds);
}
