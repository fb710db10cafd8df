using System.Text.Json.Nodes;

namespace GMem.Parts;

/// <summary>A part as a description in JSON names it; its tensors are kept elsewhere.</summary>
internal sealed class PartDescription
{
    public required string Kind { get; init; }

    public required int Version { get; init; }

    public required JsonObject Configuration { get; init; }

    public static PartDescription Of(ModelPart part) =>
        new() { Kind = part.Kind.Name, Version = part.Kind.Version, Configuration = part.SaveConfiguration().ToJson() };

    /// <exception cref="InvalidDataException">The part cannot be loaded; the message says why.</exception>
    public T Load<T>(IReadOnlyDictionary<string, torch.Tensor> tensors, torch.Device device)
        where T : ModelPart =>
        Kind is null || Configuration is null
            ? throw new InvalidDataException($"The {typeof(T).Name} of the model has no kind or no configuration.")
            : ModelParts.Load<T>(new SavedPart(new PartKind(Kind, Version), new PartConfiguration(Configuration), tensors, device));
}
