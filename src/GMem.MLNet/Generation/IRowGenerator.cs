using GMem.Images;

namespace GMem.MLNet.Generation;

/// <summary>
/// What a cursor needs of a model; apart from <see cref="GMemModel"/> so that cursors can be tested without training one.
/// </summary>
internal interface IRowGenerator
{
    /// <summary>Side of the images in pixels.</summary>
    ImageShape ImageShape { get; }

    /// <summary>Whether the network itself is told a label, so that one may be given beside a snippet or an entry.</summary>
    bool TakesLabels { get; }

    /// <summary>Whether there is a bank, so that an image can give a snippet.</summary>
    bool HasMemory { get; }

    /// <exception cref="ArgumentException">The request is not valid; the message says why.</exception>
    void Validate(GenerationRequest request);

    /// <summary>The memory entry that a request is made from, without generating.</summary>
    MemorySource SourceOf(GenerationRequest request);

    /// <summary>For each request the cosine of its snippet to the nearest entry.</summary>
    IReadOnlyList<float> NearestCosines(IReadOnlyList<GenerationRequest> requests);

    /// <summary>The snippet of an image.</summary>
    /// <exception cref="InvalidOperationException">The model has no encoder.</exception>
    float[] Encode(RgbImage image);

    /// <summary>The noise of which an image is made under its own snippet, and under the label if the network is told one.</summary>
    /// <exception cref="ArgumentException">The model has no memory.</exception>
    /// <exception cref="InvalidOperationException">The model has no encoder, or samples by the SDE.</exception>
    ReadOnlyMemory<float> Invert(RgbImage image, string? label);

    /// <summary>One picture a request, in order.</summary>
    IReadOnlyList<RgbImage> Generate(IReadOnlyList<GenerationRequest> requests);
}
