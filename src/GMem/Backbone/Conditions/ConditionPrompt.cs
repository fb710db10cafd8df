namespace GMem.Backbone;

/// <summary>What conditions know of one image to be generated.</summary>
public sealed record ConditionPrompt
{
    /// <summary>A number in [0, 1) that depends on the image's seed alone, for conditions that choose by it.</summary>
    public double Uniform { get; init; }

    /// <summary>The snippet, of unit length; empty where the network takes none.</summary>
    public ReadOnlyMemory<float> Snippet { get; init; }

    /// <summary>The label that was asked for, else that of the memory entry; null where there is none.</summary>
    public string? Label { get; init; }

    /// <summary>The user's own values by name. Default none.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<float>> Values { get; init; } = new Dictionary<string, ReadOnlyMemory<float>>();
}
