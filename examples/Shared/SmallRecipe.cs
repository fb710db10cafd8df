using GMem.Backbone;
using GMem.MLNet;
using GMem.Training;

namespace Examples.Shared;

/// <summary>
/// The trainer's options for small pictures on a CPU: everything that decides how good they get and how long it takes. Three to five
/// minutes on two cores.
/// </summary>
internal static class SmallRecipe
{
    public const int ImageSize = 32;
    public const long Steps = 2000;
    public const int BatchSize = 32;

    private const double LearningRate = 2e-3;

    // The public code's 0.4 is for long trainings; in a short one an eighth of it leaves the network more of what it is told.
    private const double SnippetDropout = 0.05;

    public static GMemTrainer.Options Options(int seed, int imageSize = ImageSize, long steps = Steps, int batchSize = BatchSize) => new()
    {
        ImageColumnName = "ImagePath",
        ImageSize = imageSize,
        Network = new SiTOptions
        {
            PatchSize = 4,
            HiddenSize = 128,
            Depth = 4,
            HeadCount = 4,
            Conditions = [new SnippetCondition { Dropout = SnippetDropout }]
        },
        Training = new TrainingOptions
        {
            TotalSteps = steps,
            BatchSize = batchSize,
            LearningRate = LearningRate,
            Seed = seed,
            LogEveryNStep = 10,
        },
    };
}
