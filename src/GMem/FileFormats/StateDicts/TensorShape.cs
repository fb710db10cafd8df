namespace GMem.FileFormats;

/// <summary>What is known of a tensor before its values are read.</summary>
/// <param name="Type">Element type.</param>
/// <param name="Sizes">Sizes, outermost first.</param>
internal readonly record struct TensorShape(torch.ScalarType Type, IReadOnlyList<long> Sizes)
{
    /// <summary>The shapes of tensors by name; nothing that is stored is read.</summary>
    public static Dictionary<string, TensorShape> Of(IReadOnlyDictionary<string, torch.Tensor> tensors) => tensors is StoredTensors stored
        ? Of(stored.Entries)
        : tensors.ToDictionary(t => t.Key, t => new TensorShape(t.Value.dtype, t.Value.shape), StringComparer.Ordinal);

    public static Dictionary<string, TensorShape> Of(IReadOnlyList<SafetensorsEntry> entries) =>
        entries.ToDictionary(e => e.Name, e => new TensorShape(e.DataType, e.Shape), StringComparer.Ordinal);

    public override string ToString() => $"{Type} [{string.Join(", ", Sizes)}]";
}
