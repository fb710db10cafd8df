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

        channel.Info(MessageSensitivity.None, $"{value}.");
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
}
