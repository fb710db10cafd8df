using System.CommandLine;
using Examples.Shared;

namespace EvaluateModel;

/// <summary>The options of the command line.</summary>
internal static class CommandLine
{
    private static readonly Option<string> Model = new("--model") { Description = "The model.zip to evaluate.", Required = true };

    private static readonly Option<string> Images = new("--images")
    {
        Description = "A folder or .zip of real images to compare with, best some that were not trained on.",
        Required = true,
    };

    private static readonly Option<string?> Inception = new("--inception")
    {
        Description = "InceptionV3 in the FID variant (.pth or .safetensors): with it the Frechet distance is the FID. Without it, fixed "
            + "random convolutions.",
    };

    private static readonly Option<int> Count = ConsoleProgram.Number(
        "--count", "Images to generate.", Settings.DefaultCount, 4, int.MaxValue);
    private static readonly Option<int> Seed = ConsoleProgram.Number("--seed", "Seed of the first image.", 1, 0, int.MaxValue / 2);

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for metrics.txt, samples.png and nearest-pairs.png.",
        DefaultValueFactory = _ => Settings.DefaultOutput,
    };

    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments, Action<Settings, CancellationToken> action)
    {
        RootCommand command = new(
            "Evaluates a GMem image generator: distances to real images, precision and recall, and how many images are all but copies of "
                + "training images.")
        {
            Model, Images, Inception, Count, Seed, Output,
        };
        return ConsoleProgram.Run(command, arguments, (parsed, cancellationToken) => action(
            new Settings
            {
                Model = parsed.GetRequiredValue(Model),
                Images = parsed.GetRequiredValue(Images),
                Inception = parsed.GetValue(Inception),
                Count = parsed.GetValue(Count),
                Seed = parsed.GetValue(Seed),
                Output = parsed.GetRequiredValue(Output),
            },
            cancellationToken));
    }
}
