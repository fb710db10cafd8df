namespace GMem.Training;

/// <summary>What has to be told since the last report.</summary>
internal sealed class TrainingMessages
{
    private readonly List<TrainingMessage> _messages = [];

    public void Trace(string text) => _messages.Add(new TrainingMessage(TrainingMessageLevel.Trace, text));

    public void Information(string text) => _messages.Add(new TrainingMessage(TrainingMessageLevel.Information, text));

    public void Warn(string text) => _messages.Add(new TrainingMessage(TrainingMessageLevel.Warning, text));

    /// <returns>All of them; there are none afterwards.</returns>
    public IReadOnlyList<TrainingMessage> Take()
    {
        TrainingMessage[] taken = [.. _messages];
        _messages.Clear();
        return taken;
    }
}
