using TorchSharp;

namespace GMem;

/// <summary>A batch of generated images. Owns its tensor.</summary>
/// <param name="pixels">uint8 <c>[B, 3, S, S]</c> on the CPU, RGB.</param>
/// <param name="memoryIndices">The bank's entry behind each image, or -1 where a snippet was given.</param>
public sealed class GeneratedImages(torch.Tensor pixels, IReadOnlyList<long> memoryIndices) : IDisposable
{
    /// <summary>uint8 <c>[B, 3, S, S]</c> on the CPU, RGB.</summary>
    public torch.Tensor Pixels { get; } = pixels;

    /// <summary>The bank's entry behind each image, or -1 where a snippet was given.</summary>
    public IReadOnlyList<long> MemoryIndices { get; } = memoryIndices;

    /// <inheritdoc/>
    public void Dispose() => Pixels.Dispose();
}
