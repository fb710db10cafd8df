namespace GMem.FileFormats;

/// <summary>One tensor of a safetensors file: what the header says of it.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="DataType">Its element type.</param>
/// <param name="Shape">Its sizes, outermost first; empty for a scalar.</param>
/// <param name="Offset">Where its data begin, in bytes from the start of the data section.</param>
/// <param name="Length">How many bytes it has.</param>
internal sealed record SafetensorsEntry(string Name, torch.ScalarType DataType, IReadOnlyList<long> Shape, long Offset, long Length);
