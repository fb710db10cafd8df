using System.CommandLine;
using Examples.Shared;

namespace EditMemory;

/// <summary>The options of the command line.</summary>
internal static class CommandLine
{
    private static readonly Option<string?> Model = new("--model")
    {
        Description = "A model.zip to edit, one that was trained with labels and the built-in encoder. Without it, one is trained.",
    };

    private static readonly Option<string?> Images = new("--images")
    {
        Description = "A folder or .zip of images to train on, with a subfolder for each of at least two labels. Without it, coloured "
            + "shapes are drawn.",
    };

    private static readonly Option<string[]> External = new("--external")
    {
        Description = "Pictures the model has never seen, to generate from. Without it, shapes in new colours and places are drawn.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<long> Steps = ConsoleProgram.Number("--steps", "Training steps.", SmallRecipe.Steps, 1, long.MaxValue);
    private static readonly Option<int> Seed = ConsoleProgram.Number("--seed", "Seed of everything drawn at random.", 1, 0, int.MaxValue);

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for external.png, interpolation.png, label-removed.png, merged.png and the edited model.",
        DefaultValueFactory = _ => Settings.DefaultOutput,
    };

    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments, Action<Settings, CancellationToken> action)
    {
        RootCommand command = new("Edits the memory of a GMem image generator and shows what it then generates; nothing is retrained.")
        {
            Model, Images, External, Steps, Seed, Output,
        };
        return ConsoleProgram.Run(command, arguments, (parsed, cancellationToken) => action(
            new Settings
            {
                Model = parsed.GetValue(Model),
                Images = parsed.GetValue(Images),
                External = parsed.GetRequiredValue(External),
                Steps = parsed.GetValue(Steps),
                Seed = parsed.GetValue(Seed),
                Output = parsed.GetRequiredValue(Output),
            },
            cancellationToken));
    }
}
