namespace GMem.Training;

/// <summary>A checkpoint that was read and found whole. Owns its tensors.</summary>
internal sealed class LoadedCheckpoint(
    string path, StateNumbers numbers, IReadOnlyDictionary<string, string> run, Dictionary<string, torch.Tensor> tensors) : IDisposable
{
    private const string None = "not there";

    /// <summary>An option that is null: the same as one from before there was that option.</summary>
    private const string Null = "null";

    /// <summary>What runs from before there were shards do not say: those of a machine with as many threads are the same.</summary>
    private static readonly string[] Unsaid =
        [$"Training.{nameof(TrainingOptions.Shards)}", $"Training.{nameof(TrainingOptions.ThreadsPerShard)}"];

    public StateNumbers Numbers { get; } = numbers;

    public IReadOnlyDictionary<string, torch.Tensor> Tensors => tensors;

    /// <param name="given">What decides the numbers of the run that is to continue, by name.</param>
    /// <exception cref="ArgumentException">
    /// It is not the run of the checkpoint; the message names each difference with its old and its new value.
    /// </exception>
    public void RequireRun(IReadOnlyDictionary<string, string> given)
    {
        string[] changes =
        [
            .. run.Keys.Union(given.Keys).Order(StringComparer.Ordinal)
                .Where(name => run.GetValueOrDefault(name, Null) != given.GetValueOrDefault(name, Null))
                .Where(name => run.ContainsKey(name) || !Unsaid.Contains(name))
                .Select(name => $"{name} was {run.GetValueOrDefault(name, None)} and is {given.GetValueOrDefault(name, None)}"),
        ];
        if (changes.Length > 0)
        {
            throw new ArgumentException(
                $"The run cannot be continued from '{path}', because it would not be the same run: {string.Join("; ", changes)}. "
                + "Set it back to continue, or choose another WorkspacePath to start anew.");
        }
    }

    /// <exception cref="InvalidDataException">
    /// The state has other tensors, though the options are the same: another version of the library made it.
    /// </exception>
    public void RequireShapes(TrainingState state)
    {
        foreach ((string name, torch.Tensor own) in state.Tensors)
        {
            if (!tensors.TryGetValue(name, out torch.Tensor? stored) || stored.dtype != own.dtype
                || stored.shape is not [long count] || count != state.Parameters.Count)
            {
                throw new InvalidDataException(
                    $"'{path}' has no tensor '{name}' of {state.Parameters.Count} float32 numbers; it was made by another version of GMem. "
                    + "Choose another WorkspacePath to start anew.");
            }
        }
    }

    /// <summary>Puts it into a state of these shapes.</summary>
    public void CopyTo(TrainingState state)
    {
        state.CopyFrom(tensors);
        state.Numbers = Numbers;
    }

    public void Dispose()
    {
        foreach (torch.Tensor tensor in tensors.Values)
        {
            tensor.Dispose();
        }
    }
}
