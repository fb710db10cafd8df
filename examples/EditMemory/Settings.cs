using Examples.Shared;

namespace EditMemory;

/// <summary>What one run is told.</summary>
internal sealed record Settings
{
    public const string DefaultOutput = "output";

    /// <summary>A model.zip to edit; null trains one.</summary>
    public string? Model { get; init; }

    /// <summary>A folder, archive or list of images to train on, subfolders being labels; null draws coloured shapes.</summary>
    public string? Images { get; init; }

    /// <summary>Pictures that the model has never seen; empty draws some.</summary>
    public IReadOnlyList<string> External { get; init; } = [];

    public long Steps { get; init; } = SmallRecipe.Steps;

    public int Seed { get; init; } = 1;

    public string Output { get; init; } = DefaultOutput;
}
