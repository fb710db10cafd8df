namespace GMem.Training;

/// <summary>A batch as the training set gives it, on the training device.</summary>
/// <param name="Data">x1: pixels or latents, <c>[B, C, h, w]</c>.</param>
/// <param name="Conditions">Values of each of the network's conditions, <c>[B, ...]</c>. Nothing is dropped yet.</param>
/// <param name="Tokens">Targets of the projection loss, float32 <c>[B, T, z]</c>, or null.</param>
internal readonly record struct TrainingBatch(torch.Tensor Data, IReadOnlyList<torch.Tensor> Conditions, torch.Tensor? Tokens);
