namespace GMem.FileFormats;

/// <summary>The elements behind tensors of a checkpoint: a range of the file.</summary>
/// <param name="Type">Element type.</param>
/// <param name="ElementSize">Bytes an element.</param>
/// <param name="Start">Where in the file, in bytes.</param>
/// <param name="Count">How many elements.</param>
internal sealed record CheckpointStorage(torch.ScalarType Type, int ElementSize, long Start, long Count);
