namespace GMem.Training;

/// <summary>One state in main memory, for a run without a workspace to return to.</summary>
internal sealed class MemoryCheckpoint : ICheckpointStore
{
    private StateNumbers? _numbers;
    private Dictionary<string, torch.Tensor>? _tensors;

    public bool Save(TrainingState state)
    {
        using IDisposable noGrad = torch.no_grad();
        _tensors ??= state.Tensors.ToDictionary(t => t.Key, t => torch.empty_like(t.Value, device: torch.CPU).DetachFromDisposeScope());
        foreach ((string name, torch.Tensor own) in state.Tensors)
        {
            _ = _tensors[name].copy_(own);
        }

        _numbers = state.Numbers;
        return true;
    }

    public bool TryRestore(TrainingState state)
    {
        if (_numbers is null)
        {
            return false;
        }

        state.CopyFrom(_tensors!);
        state.Numbers = _numbers;
        return true;
    }

    public void Dispose()
    {
        foreach (torch.Tensor tensor in _tensors?.Values.AsEnumerable() ?? [])
        {
            tensor.Dispose();
        }
    }
}
