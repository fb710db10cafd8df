using GMem.FileFormats;

namespace GMem.Parts;

/// <summary>What a file says about a part, from which its loader builds it again.</summary>
/// <param name="Kind">Its name, and the version it was written with: at most the version that was registered.</param>
/// <param name="Configuration">Its settings.</param>
/// <param name="Tensors">Its tensors by name. They belong to the caller: clone what the part keeps.</param>
/// <param name="Device">Where a part that is a network runs.</param>
public sealed record SavedPart(
    PartKind Kind, PartConfiguration Configuration, IReadOnlyDictionary<string, torch.Tensor> Tensors, torch.Device Device)
{
    /// <summary>A tensor that must be there.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The tensor; it belongs to the caller of the loader.</returns>
    /// <exception cref="InvalidDataException">There is no such tensor; the message names those that are there.</exception>
    public torch.Tensor Tensor(string name) => Tensors.TryGetValue(name, out torch.Tensor? tensor)
        ? tensor
        : throw Missing(name);

    /// <summary>What is known of a tensor that must be there; it is not read.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor; the message names those that are there.</exception>
    internal TensorShape ShapeOf(string name) =>
        TensorShape.Of(Tensors).TryGetValue(name, out TensorShape shape) ? shape : throw Missing(name);

    /// <summary>A tensor that must be there, of a type and without infinities and NaN.</summary>
    /// <exception cref="InvalidDataException">It is not; the message names it and the part.</exception>
    internal torch.Tensor FiniteTensor(string name, torch.ScalarType type)
    {
        torch.Tensor tensor = Tensor(name);
        string fault = TensorBytes.IsFinite(tensor) ? "" : " with values that are not finite";
        return tensor.dtype == type && fault.Length == 0
            ? tensor
            : throw new InvalidDataException($"The tensor '{name}' of the part {Kind} must be finite {type}; it is {tensor.dtype}{fault}.");
    }

    private InvalidDataException Missing(string name) => new(
        $"The tensor '{name}' of the part {Kind} is missing; found: {string.Join(", ", Tensors.Keys.Order(StringComparer.Ordinal))}.");
}
