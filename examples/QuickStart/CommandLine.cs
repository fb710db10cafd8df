using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using GMem.Runtime;

namespace QuickStart;

/// <summary>The options of the command line, checked. A fault is one line on the error stream and exit code 1.</summary>
internal static class CommandLine
{
    private const int MaxImageSize = 1024;

    private static readonly Option<string?> Images = new("--images")
    {
        Description = "A folder or .zip of images to train on, subfolders being labels. Without it, coloured shapes are drawn.",
    };

    private static readonly Option<int> ImageSize = Number("--image-size", "Side of the square images in pixels; a multiple of 4.", Settings.DefaultImageSize, 4, MaxImageSize);
    private static readonly Option<long> Steps = Number("--steps", "Training steps.", Settings.DefaultSteps, 1, long.MaxValue);
    private static readonly Option<int> Count = Number("--count", "Images to generate.", Settings.DefaultCount, 1, int.MaxValue);
    private static readonly Option<int> Seed = Number("--seed", "Seed of everything drawn at random.", Settings.DefaultSeed, 0, int.MaxValue);
    private static readonly Option<int> BatchSize = Number("--batch-size", "Images in a training step.", Settings.DefaultBatchSize, 1, int.MaxValue);

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for model.zip, samples.png, training.png and samples/.",
        DefaultValueFactory = _ => Settings.DefaultOutput,
    };

    private static readonly Option<string?> Workspace = new("--workspace")
    {
        Description = "A folder for checkpoints and logs. The same command again then goes on where it was stopped. Without it, none are kept.",
    };

    /// <summary>Parses, runs, and turns what a user can mend into one line.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments, Action<Settings, CancellationToken> action)
    {
        RootCommand command = new("Trains a small GMem image generator, saves it, loads it and generates with it.")
        {
            Images, ImageSize, Steps, Count, Seed, BatchSize, Output, Workspace,
        };
        command.SetAction(parsed => Guard(() =>
        {
            using Interruption interruption = new();
            action(Read(parsed), interruption.Token);
        }));
        ParseResult result = command.Parse(arguments);
        if (result.Errors.Count == 0)
        {
            return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }

        foreach (ParseError error in result.Errors)
        {
            Fail(error.Message);
        }

        return 1;
    }

    private static Settings Read(ParseResult parsed) => new()
    {
        Images = parsed.GetValue(Images),
        ImageSize = parsed.GetValue(ImageSize),
        Steps = parsed.GetValue(Steps),
        Count = parsed.GetValue(Count),
        Seed = parsed.GetValue(Seed),
        BatchSize = parsed.GetValue(BatchSize),
        Output = parsed.GetRequiredValue(Output),
        Workspace = parsed.GetValue(Workspace),
    };

    private static int Guard(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (OperationCanceledException)
        {
            Fail("stopped.");
        }
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException or InvalidDataException or GMemRuntimeException or ExternalException)
        {
            Fail(e.Message);
        }

        return 1;
    }

    private static Option<T> Number<T>(string name, string description, T byDefault, T least, T most)
        where T : struct, IBinaryInteger<T> => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => byDefault,
            CustomParser = result =>
            {
                if (result.Tokens is [Token token] && T.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out T value) && value >= least && value <= most)
                {
                    return value;
                }

                result.AddError($"{name} is '{string.Join(' ', result.Tokens.Select(t => t.Value))}', but must be a whole number from {least} to {most}.");
                return default;
            },
        };

    private static void Fail(string message) => Console.Error.WriteLine($"error: {message.ReplaceLineEndings(" ")}");
}
