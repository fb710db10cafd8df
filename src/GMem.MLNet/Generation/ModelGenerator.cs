using GMem.Images;
using GMem.Memory;
using TorchSharp;

namespace GMem.MLNet.Generation;

/// <summary>A <see cref="GMemModel"/> as the cursors see it.</summary>
internal sealed class ModelGenerator(GMemModel model) : IRowGenerator
{
    public ImageShape ImageShape => model.ImageShape;

    public void Validate(GenerationRequest request) => model.Validate(request);

    public bool TakesLabels => model.ClassNames.Count > 0;

    public bool HasMemory => model.HasMemory;

    public MemorySource SourceOf(GenerationRequest request) => model.EntryOf(request) is MemoryEntry entry
        ? new MemorySource(entry.Index, entry.Id.Value, model.LabelOf(request) ?? "")
        : new MemorySource(-1, -1, model.LabelOf(request) ?? "");

    public IReadOnlyList<float> NearestCosines(IReadOnlyList<GenerationRequest> requests) => model.NearestCosines(requests);

    public float[] Encode(RgbImage image)
    {
        using torch.Tensor snippet = model.Encode(image);
        return [.. snippet.data<float>()];
    }

    public ReadOnlyMemory<float> Invert(RgbImage image, string? label) => HasMemory
        ? model.Invert([new GenerationRequest(PromptImage: image, PromptLabel: TakesLabels ? label : null)])[0].Noise
        : throw new ArgumentException(
            "This model has no memory, so the noise of an image would only give that image again: its network is not conditioned on "
            + "snippets. Leave the noise image out.");

    public IReadOnlyList<RgbImage> Generate(IReadOnlyList<GenerationRequest> requests) =>
        [.. model.Generate(requests).Select(i => i.Image)];
}
