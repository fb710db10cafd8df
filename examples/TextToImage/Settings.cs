using Examples.Shared;

namespace TextToImage;

/// <summary>What one run is told.</summary>
public sealed record Settings
{
    public const string DefaultOutput = "output";

    /// <summary>A folder or archive of labelled images; null draws coloured shapes.</summary>
    public string? Images { get; init; }

    /// <summary>A model of an earlier run, to be loaded instead of training one; null trains.</summary>
    public string? Model { get; init; }

    /// <summary>What is to be drawn; empty shows some examples.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    public long Steps { get; init; } = SmallRecipe.Steps;

    public int Seed { get; init; } = 1;

    public ClassifierKind Classifier { get; init; } = ClassifierKind.Words;

    /// <summary>
    /// How likely the label must be at least that is drawn, 0 to 1. Null: four times as likely as if nothing were known, at most 0.75.
    /// </summary>
    public double? Threshold { get; init; }

    public string Output { get; init; } = DefaultOutput;
}
