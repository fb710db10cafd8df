using GMem.Images;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>Generated images as one tensor.</summary>
public static class GeneratedImageExtensions
{
    extension(IReadOnlyList<GeneratedImage> images)
    {
        /// <summary>uint8 <c>[B, 3, S, S]</c>; dispose it, or call it within a scope.</summary>
        public torch.Tensor Pixels => ImageTensors.ToTensor([.. images.Select(i => i.Image)]);

        /// <summary>The entry behind each image, or -1.</summary>
        public IReadOnlyList<long> MemoryIndices => [.. images.Select(i => i.Entry?.Index ?? -1)];
    }
}
