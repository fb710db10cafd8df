using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace TextToImage;

/// <summary>What the whole model makes of a text.</summary>
public sealed class TextImage
{
    public string PromptLabel { get; set; } = "";

    public long MemoryIndex { get; set; }

    public string MemoryLabel { get; set; } = "";

    /// <summary>Of any size: ML.NET compares only the class, but wants a size here.</summary>
    [ImageType(1, 1)]
    public MLImage GeneratedImage { get; set; } = null!;
}
