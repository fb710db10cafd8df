namespace GMem.MLNet.Generation;

/// <summary>A <see cref="GMemModel"/> as the cursors see it.</summary>
internal sealed class ModelGenerator(GMemModel model) : IImageGenerator
{
    public int ImageSize => model.ImageSize;

    public void Validate(GenerationRequest request) => model.Validate(request);

    public GeneratedImages Generate(IReadOnlyList<GenerationRequest> requests) => model.Generate(requests);
}
