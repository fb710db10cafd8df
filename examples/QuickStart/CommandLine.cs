using System.CommandLine;
using Examples.Shared;

namespace QuickStart;

/// <summary>The options of the command line.</summary>
internal static class CommandLine
{
    private const int MaxImageSize = 1024;

    private static readonly Option<string?> Images = new("--images")
    {
        Description = "A folder or .zip of images to train on, subfolders being labels. Without it, coloured shapes are drawn.",
    };

    private static readonly Option<int> ImageSize = ConsoleProgram.Number(
        "--image-size", "Side of the square images in pixels; a multiple of 4.", Settings.DefaultImageSize, 4, MaxImageSize);
    private static readonly Option<long> Steps = ConsoleProgram.Number(
        "--steps", "Training steps.", Settings.DefaultSteps, 1, long.MaxValue);
    private static readonly Option<int> Count = ConsoleProgram.Number(
        "--count", "Images to generate.", Settings.DefaultCount, 1, int.MaxValue);
    private static readonly Option<int> Seed = ConsoleProgram.Number(
        "--seed", "Seed of everything drawn at random.", Settings.DefaultSeed, 0, int.MaxValue);
    private static readonly Option<int> BatchSize = ConsoleProgram.Number(
        "--batch-size", "Images in a training step.", Settings.DefaultBatchSize, 1, int.MaxValue);

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for model.zip, samples.png, training.png and samples/.",
        DefaultValueFactory = _ => Settings.DefaultOutput,
    };

    private static readonly Option<string?> Workspace = new("--workspace")
    {
        Description = "A folder for checkpoints and logs. The same command again then goes on where it was stopped. Without it, none are "
            + "kept.",
    };

    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments, Action<Settings, CancellationToken> action)
    {
        RootCommand command = new("Trains a small GMem image generator, saves it, loads it and generates with it.")
        {
            Images, ImageSize, Steps, Count, Seed, BatchSize, Output, Workspace,
        };
        return ConsoleProgram.Run(command, arguments, (parsed, cancellationToken) => action(
            new Settings
            {
                Images = parsed.GetValue(Images),
                ImageSize = parsed.GetValue(ImageSize),
                Steps = parsed.GetValue(Steps),
                Count = parsed.GetValue(Count),
                Seed = parsed.GetValue(Seed),
                BatchSize = parsed.GetValue(BatchSize),
                Output = parsed.GetRequiredValue(Output),
                Workspace = parsed.GetValue(Workspace),
            },
            cancellationToken));
    }
}
