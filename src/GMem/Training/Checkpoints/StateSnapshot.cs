namespace GMem.Training;

/// <summary>The state of all ranks, as a checkpoint holds it.</summary>
/// <param name="Numbers">Its numbers.</param>
/// <param name="Tensors">float32 <c>[P]</c> each, by name.</param>
internal sealed record StateSnapshot(StateNumbers Numbers, IReadOnlyList<KeyValuePair<string, torch.Tensor>> Tensors);
