using TorchSharp;

namespace GMem.Training.Checkpoints;

/// <summary>A checkpoint that was read and found whole. Owns its tensors.</summary>
internal sealed class LoadedCheckpoint(string path, StateNumbers numbers, IReadOnlyDictionary<string, string> run, Dictionary<string, torch.Tensor> tensors) : IDisposable
{
    public StateNumbers Numbers { get; } = numbers;

    public IReadOnlyDictionary<string, string> Run { get; } = run;

    public IReadOnlyDictionary<string, torch.Tensor> Tensors => tensors;

    /// <exception cref="InvalidDataException">The state has other tensors, though the options are the same: another version of the library made it.</exception>
    public void CopyTo(TrainingState state)
    {
        foreach ((string name, torch.Tensor own) in state.Tensors)
        {
            if (!tensors.TryGetValue(name, out torch.Tensor? stored) || !stored.shape.SequenceEqual(own.shape) || stored.dtype != own.dtype)
            {
                throw new InvalidDataException($"'{path}' has no tensor '{name}' of {own.numel()} float32 numbers; it was made by another version of GMem. Choose another WorkspacePath to start anew.");
            }
        }

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
