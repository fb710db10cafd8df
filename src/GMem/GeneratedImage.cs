using GMem.Images;
using GMem.Memory;
using GMem.Sampling;

namespace GMem;

/// <summary>One image of a stream, finished or on its way.</summary>
/// <param name="Index">Which of the requests it is for, from 0.</param>
/// <param name="Request">That request.</param>
/// <param name="Image">The picture.</param>
/// <param name="Entry">The entry of the memory bank it is made from; null where the request brought its own snippet.</param>
/// <param name="Preview">How far it is, if this is a preview; null for the finished image.</param>
public sealed record GeneratedImage(int Index, GenerationRequest Request, RgbImage Image, MemoryEntry? Entry, SamplingProgress? Preview = null)
{
    /// <summary>Whether more of the same request follows.</summary>
    public bool IsPreview => Preview is not null;
}
