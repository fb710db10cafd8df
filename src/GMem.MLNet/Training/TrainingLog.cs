using System.Globalization;
using GMem.Training;

namespace GMem.MLNet.Training;

/// <summary>Writes the progress of a run into <c>MLContext.Log</c> and passes it on.</summary>
internal sealed class TrainingLog(IChannel channel, IProgress<TrainingProgress>? next) : IProgress<TrainingProgress>
{
    private bool _nextFailed;

    public void Report(TrainingProgress value)
    {
        foreach (TrainingMessage message in value.Messages)
        {
            // A message may name a file of the user's.
            Action<MessageSensitivity, string> write = message.Level switch
            {
                TrainingMessageLevel.Warning => channel.Warning,
                TrainingMessageLevel.Information => channel.Info,
                _ => channel.Trace,
            };
            write(MessageSensitivity.UserData, message.Text);
        }

        channel.Info(MessageSensitivity.None, Format(value));
        try
        {
            next?.Report(value);
        }
        catch (Exception e) when (!_nextFailed)
        {
            _nextFailed = true;
            channel.Warning(
                MessageSensitivity.UserData,
                $"Options.Progress threw {e.GetType().Name} at step {value.Step}: {e.Message} Training goes on.");
        }
    }

    internal static string Format(TrainingProgress p) => string.Create(
        CultureInfo.InvariantCulture,
        $"Step {p.Step} of {p.TotalSteps} (epoch {p.Epoch:0.00}): loss {p.Loss:0.0000}, gradient norm {p.GradientNorm:0.000}, "
        + $"learning rate {p.LearningRate:0.###e+0}, {p.ImagesPerSecond:0.0} images/s, {p.TimeLeft:hh\\:mm\\:ss} left.");
}
