namespace GMem.MLNet.Generation;

/// <summary>What a cursor needs of a model; apart from <see cref="GMemModel"/> so that cursors can be tested without training one.</summary>
internal interface IImageGenerator
{
    /// <summary>Side of the images in pixels.</summary>
    int ImageSize { get; }

    /// <exception cref="ArgumentException">The request is not valid; the message says why.</exception>
    void Validate(GenerationRequest request);

    GeneratedImages Generate(IReadOnlyList<GenerationRequest> requests);
}
