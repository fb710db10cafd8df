using Microsoft.ML.Transforms.Image;

namespace GMem.MLNet;

/// <summary>One generated image, as a row for <c>CreateEnumerable</c> or a <c>PredictionEngine</c>.</summary>
/// <remarks>The image belongs to whoever holds the row: disposing it frees its pixels at once, the next row does not touch it.</remarks>
public sealed class GeneratedImageRow
{
    /// <summary>ML.NET compares only the class when it binds a column, but refuses the attribute without a size.</summary>
    private const int AnySide = 1;

    /// <summary>The seed that the image was made from.</summary>
    public long Seed { get; set; }

    /// <summary>The memory entry that the image was made from, or -1 where a snippet or an image was given.</summary>
    public long MemoryIndex { get; set; } = -1;

    /// <summary>The stable id of that entry, by which the memory is edited (<see cref="GMem.Memory.MemoryBank"/>), or -1.</summary>
    public long MemoryId { get; set; } = -1;

    /// <summary>The label of that entry; empty where it has none, or there is no entry.</summary>
    public string MemoryLabel { get; set; } = "";

    /// <summary>Cosine of the snippet used to the nearest entry of the memory bank, -1 to 1; 1 where it is an entry's.</summary>
    public float MemoryCosine { get; set; }

    /// <summary>The image.</summary>
    [ImageType(AnySide, AnySide)]
    public MLImage GeneratedImage { get; set; } = null!;
}
