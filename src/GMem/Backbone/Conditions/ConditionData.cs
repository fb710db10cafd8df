namespace GMem.Backbone;

/// <summary>What is known of the training images besides their pixels, from which conditions take their values.</summary>
public sealed class ConditionData
{
    /// <summary>Entries m of a snippet; 0 where there are no snippets.</summary>
    public int SnippetSize { get; init; }

    /// <summary>
    /// From image indices, and for each whether the image is mirrored, to snippets: float32 <c>[B, m]</c> of unit length on the CPU. Null
    /// where there are none.
    /// </summary>
    public Func<long[], bool[], torch.Tensor>? Snippets { get; init; }

    /// <summary>A label for each image; null where there are none.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>
    /// The labels in the order of their class numbers, where the data number their classes; null orders the labels ordinally.
    /// </summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>The user's own values by name, one row an image: tensors <c>[N, ...]</c> on the CPU. Default none.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> Values { get; init; } = new Dictionary<string, torch.Tensor>();
}
