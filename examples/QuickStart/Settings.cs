using GMem.Backbone;
using GMem.MLNet;
using GMem.Training;

namespace QuickStart;

/// <summary>What one run is told. The defaults are the recipe of the README's picture: three to five minutes on two CPU cores.</summary>
internal sealed record Settings
{
    public const int DefaultImageSize = 32;
    public const long DefaultSteps = 2000;
    public const int DefaultBatchSize = 32;
    public const int DefaultCount = 64;
    public const int DefaultSeed = 1;
    public const string DefaultOutput = "output";

    private const double LearningRate = 2e-3;

    // The public code's 0.4 is for long trainings; in a short one an eighth of it leaves the network more of what it is told.
    private const double SnippetDropout = 0.05;

    /// <summary>A folder or .zip of images; null draws coloured shapes.</summary>
    public string? Images { get; init; }

    public int ImageSize { get; init; } = DefaultImageSize;

    public long Steps { get; init; } = DefaultSteps;

    public int Count { get; init; } = DefaultCount;

    public int Seed { get; init; } = DefaultSeed;

    public int BatchSize { get; init; } = DefaultBatchSize;

    public string Output { get; init; } = DefaultOutput;

    /// <summary>A folder for checkpoints and logs; null keeps none.</summary>
    public string? Workspace { get; init; }

    /// <summary>The trainer's options: everything that decides how good the picture gets and how long it takes.</summary>
    public GMemTrainer.Options ToTrainerOptions(IProgress<TrainingProgress> progress, CancellationToken cancellationToken) => new()
    {
        ImageColumnName = "ImagePath",
        ImageSize = ImageSize,
        Network = new SiTOptions { PatchSize = 4, HiddenSize = 128, Depth = 4, HeadCount = 4, SnippetDropout = SnippetDropout },
        Training = new TrainingOptions
        {
            TotalSteps = Steps,
            BatchSize = BatchSize,
            LearningRate = LearningRate,
            Seed = Seed,
            LogEveryNStep = 10,
        },
        WorkspacePath = Workspace,
        Progress = progress,
        CancellationToken = cancellationToken,
    };
}
