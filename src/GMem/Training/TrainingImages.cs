using TorchSharp;

namespace GMem.Training;

/// <summary>What a model is trained on. Owns its tensors.</summary>
/// <param name="pixels">uint8 <c>[N, 3, S, S]</c> on the CPU, RGB.</param>
/// <param name="snippets">The user's own snippets, float32 <c>[N, m]</c>, or null to have an encoder make them.</param>
public sealed class TrainingImages(torch.Tensor pixels, torch.Tensor? snippets = null) : IDisposable
{
    /// <summary>uint8 <c>[N, 3, S, S]</c> on the CPU, RGB.</summary>
    public torch.Tensor Pixels { get; } = pixels;

    /// <summary>float32 <c>[N, m]</c>, or null.</summary>
    public torch.Tensor? Snippets { get; } = snippets;

    /// <summary>A file name or other source for each image, or null.</summary>
    public IReadOnlyList<string>? Sources { get; init; }

    /// <summary>A label for each image, or null.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pixels.Dispose();
        Snippets?.Dispose();
    }
}
