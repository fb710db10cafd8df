using System.CommandLine;
using System.Globalization;
using Examples.Shared;

namespace TextToImage;

/// <summary>The options of the command line.</summary>
internal static class CommandLine
{
    private const string Words = "words", TextClassification = "text-classification";

    private static readonly Option<string?> Images = new("--images")
    {
        Description = "Labelled images: a folder whose subfolders are labels, an archive of one. Without it, coloured shapes are drawn.",
    };

    private static readonly Option<string?> Model = new("--model")
    {
        Description = "The model.zip of an earlier run: nothing is trained then.",
    };

    private static readonly Option<string[]> Texts = new("--text")
    {
        Description = "What is to be drawn, for instance \"a small blue ring\"; may be given several times. Without it, some examples.",
    };

    private static readonly Option<long> Steps = ConsoleProgram.Number(
        "--steps", "Training steps of the generator.", new Settings().Steps, 1, long.MaxValue);
    private static readonly Option<int> Seed = ConsoleProgram.Number(
        "--seed", "Seed of everything drawn at random.", new Settings().Seed, 0, int.MaxValue);

    private static readonly Option<string> Classifier = new("--classifier")
    {
        Description = $"What tells the label from the text: {Words}, or {TextClassification}, whose weights are downloaded.",
        DefaultValueFactory = _ => Words,
    };

    private static readonly Option<double?> Threshold = new("--threshold")
    {
        Description = "How likely a label must be at least to be drawn, 0 to 1. Without it, four times as likely as if nothing were known.",
        CustomParser = result =>
        {
            if (double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out double value) && value is >= 0 and <= 1)
            {
                return value;
            }

            result.AddError($"--threshold is '{result.Tokens[0].Value}', but must be a number from 0 to 1.");
            return null;
        },
    };

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for model.zip and the images.",
        DefaultValueFactory = _ => Settings.DefaultOutput,
    };

    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments, Action<Settings, CancellationToken> action)
    {
        _ = Classifier.AcceptOnlyFromAmong(Words, TextClassification);
        RootCommand command = new("Turns text into images: a classifier of text and a GMem image generator in one ML.NET model.")
        {
            Images, Model, Texts, Steps, Seed, Classifier, Threshold, Output,
        };
        return ConsoleProgram.Run(command, arguments, (parsed, cancellationToken) => action(
            new Settings
            {
                Images = parsed.GetValue(Images),
                Model = parsed.GetValue(Model),
                Texts = parsed.GetValue(Texts) ?? [],
                Steps = parsed.GetValue(Steps),
                Seed = parsed.GetValue(Seed),
                Classifier = parsed.GetValue(Classifier) == Words ? ClassifierKind.Words : ClassifierKind.TextClassification,
                Threshold = parsed.GetValue(Threshold),
                Output = parsed.GetRequiredValue(Output),
            },
            cancellationToken));
    }
}
