using Examples.Shared;
using GMem.Distributed;
using GMem.MLNet;

namespace QuickStart;

/// <summary>What one run is told. The defaults are the recipe of the README's picture.</summary>
internal sealed record Settings
{
    public const int DefaultImageSize = SmallRecipe.ImageSize;
    public const long DefaultSteps = SmallRecipe.Steps;
    public const int DefaultBatchSize = SmallRecipe.BatchSize;
    public const int DefaultCount = 64;
    public const int DefaultSeed = 1;
    public const string DefaultOutput = "output";

    /// <summary>A folder, archive or list of images; null draws coloured shapes.</summary>
    public string? Images { get; init; }

    public int ImageSize { get; init; } = DefaultImageSize;

    public long Steps { get; init; } = DefaultSteps;

    public int Count { get; init; } = DefaultCount;

    public int Seed { get; init; } = DefaultSeed;

    public int BatchSize { get; init; } = DefaultBatchSize;

    public string Output { get; init; } = DefaultOutput;

    /// <summary>A folder for checkpoints and logs; null keeps none.</summary>
    public string? Workspace { get; init; }

    /// <summary>The trainer's options.</summary>
    public GMemTrainer.Options ToTrainerOptions(ProgressView progress, RankGroup ranks, CancellationToken cancellationToken)
    {
        GMemTrainer.Options options = SmallRecipe.Options(Seed, ImageSize, Steps, BatchSize);
        options.Ranks = ranks;
        options.WorkspacePath = Workspace;
        progress.Follow(options);
        options.CancellationToken = cancellationToken;
        return options;
    }
}
