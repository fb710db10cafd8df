using System.Text.Json;
using GMem.Distributed;

namespace GMem.Training;

/// <summary>
/// The checkpoints of ranks that train together: the first one writes what all of them have and reads for all. A checkpoint does not depend
/// on how many ranks there were.
/// </summary>
/// <param name="ranks">Who trains together.</param>
/// <param name="folder">Where they are; null on all ranks but the first.</param>
internal sealed class RankCheckpoints(RankGroup ranks, CheckpointFolder? folder) : ICheckpointStore
{
    public bool Save(TrainingState state)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        List<KeyValuePair<string, torch.Tensor>> whole = [];
        foreach ((string name, torch.Tensor own) in state.Tensors)
        {
            torch.Tensor tensor = state.Whole(own);
            if (folder is not null && tensor.device_type == DeviceType.CPU)
            {
                whole.Add(new(name, tensor));
                continue;
            }

            if (folder is not null)
            {
                whole.Add(new(name, tensor.cpu()));
            }

            // One at a time: all of them would not fit where the optimizer's state is shared to fit.
            tensor.Dispose();
        }

        bool isKept = folder?.Save(new StateSnapshot(state.Numbers, whole)) ?? false;
        return ranks.Broadcast(isKept ? 1 : 0) == 1;
    }

    public bool TryRestore(TrainingState state)
    {
        using LoadedCheckpoint? loaded = folder?.TryLoad(state);
        byte[] numbers = ranks.Exchange(loaded is null ? [] : JsonSerializer.SerializeToUtf8Bytes(loaded.Numbers, CheckpointFile.Json))[0];
        if (numbers.Length == 0)
        {
            return false;
        }

        foreach ((string name, _) in state.Tensors)
        {
            using torch.Tensor whole = loaded?.Tensors[name].alias() ?? torch.empty(state.Parameters.Count);
            ranks.Broadcast(whole);
            state.CopyFrom(name, whole);
        }

        state.Numbers = JsonSerializer.Deserialize<StateNumbers>(numbers, CheckpointFile.Json)!;
        return true;
    }

    public void Dispose() => folder?.Dispose();
}
