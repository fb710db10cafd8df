using GMem.Parts;
using TorchSharp;

namespace GMem.Tests.Parts;

/// <summary>A part loaded from what another one of its kind saves, with changes.</summary>
internal static class PartCopy
{
    public static T Of<T>(
        T part, string? configuration = null, IReadOnlyDictionary<string, torch.Tensor>? tensors = null, PartKind? kind = null)
        where T : ModelPart => ModelParts.Load<T>(new SavedPart(
            kind ?? part.Kind,
            configuration is null ? part.SaveConfiguration() : PartConfiguration.Parse(configuration),
            tensors ?? part.SaveTensors(),
            torch.CPU));
}
