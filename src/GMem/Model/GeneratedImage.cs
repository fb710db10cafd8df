using GMem.Images;
using GMem.Memory;
using GMem.Sampling;

namespace GMem;

/// <summary>A generated picture, or a preview of one, and what it was made from.</summary>
/// <param name="Index">Position of its request among the requests, from 0.</param>
/// <param name="Request">The request.</param>
/// <param name="Image">The picture.</param>
/// <param name="Entry">
/// The entry of the memory bank that it is made from; null where the request brought a snippet or an image, or the model has no memory.
/// </param>
/// <param name="Label">
/// The label that it was made for: the requested one, else that of the entry, else the class that the seed chose; null where there is none.
/// </param>
/// <param name="Preview">How far it is, if this is a preview; null for the finished image.</param>
public sealed record GeneratedImage(
    int Index, GenerationRequest Request, RgbImage Image, MemoryEntry? Entry, string? Label, SamplingProgress? Preview = null)
{
    /// <summary>Whether more of the same request follows.</summary>
    public bool IsPreview => Preview is not null;
}
