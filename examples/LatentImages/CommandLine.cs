using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using GMem.Runtime;

namespace LatentImages;

/// <summary>The options of the command line, checked. A fault is one line on the error stream and exit code 1.</summary>
internal static class CommandLine
{
    private static readonly Option<string?> Images = Text("--images", "A folder or .zip of photographs. Without it, pictures are drawn.");
    private static readonly Option<string?> Autoencoder = Text("--autoencoder", "A KL autoencoder (SD-VAE, VA-VAE, ...): .safetensors, .pt, .ckpt or .pth. Without it, a tiny random one.");
    private static readonly Option<string?> Encoder = Text("--encoder", "A DINOv2 model (dinov2_vitb14_pretrain.pth, ...). Without it, a tiny random one.");
    private static readonly Option<string?> Preset = Text("--preset", "A published size of the network: S, B, L, XL, 1p0B or 1p6B. Without it, one that a CPU can train.");
    private static readonly Option<bool> Projection = new("--projection") { Description = "Train with the projection loss (REPA) on the encoder's patch tokens." };
    private static readonly Option<int?> ImageSize = new("--image-size")
    {
        Description = "Side of the square images in pixels; 256 with a real autoencoder, else 64.",
        CustomParser = result => Parse<int>(result, "--image-size", 16, 2048),
    };

    private static readonly Option<long> Steps = Number("--steps", "Training steps.", Settings.DefaultSteps, 1, long.MaxValue);
    private static readonly Option<int> BatchSize = Number("--batch-size", "Images in a training step.", Settings.DefaultBatchSize, 1, int.MaxValue);
    private static readonly Option<int> Count = Number("--count", "Images to generate.", Settings.DefaultCount, 1, 4096);
    private static readonly Option<int> Seed = Number("--seed", "Seed of everything drawn at random.", Settings.DefaultSeed, 1, int.MaxValue);

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for model.zip, network.safetensors, the pictures, and the cache of latents.",
        DefaultValueFactory = _ => Settings.DefaultOutput,
    };

    /// <summary>Parses, runs, and turns what a user can mend into one line.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments, Action<Settings, CancellationToken> action)
    {
        RootCommand command = new("Trains a GMem image generator on the latents of photographs, with snippets of DINOv2, and generates with it.")
        {
            Images, Autoencoder, Encoder, Preset, Projection, ImageSize, Steps, BatchSize, Count, Seed, Output,
        };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(Guard(() => action(Read(parsed), cancellationToken))));
        ParseResult result = command.Parse(arguments);
        if (result.Errors.Count == 0)
        {
            return result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }).GetAwaiter().GetResult();
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
        Autoencoder = parsed.GetValue(Autoencoder),
        Encoder = parsed.GetValue(Encoder),
        Preset = parsed.GetValue(Preset),
        Projection = parsed.GetValue(Projection),
        ImageSize = parsed.GetValue(ImageSize),
        Steps = parsed.GetValue(Steps),
        BatchSize = parsed.GetValue(BatchSize),
        Count = parsed.GetValue(Count),
        Seed = parsed.GetValue(Seed),
        Output = parsed.GetRequiredValue(Output),
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
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException or InvalidDataException or NotSupportedException or GMemRuntimeException or ExternalException)
        {
            Fail(e.Message);
        }

        return 1;
    }

    private static Option<string?> Text(string name, string description) => new(name) { Description = description };

    private static Option<T> Number<T>(string name, string description, T byDefault, T least, T most)
        where T : struct, IBinaryInteger<T> => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => byDefault,
            CustomParser = result => Parse(result, name, least, most) ?? default,
        };

    private static T? Parse<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, IBinaryInteger<T>
    {
        if (result.Tokens is [Token token] && T.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out T value) && value >= least && value <= most)
        {
            return value;
        }

        result.AddError($"{name} is '{string.Join(' ', result.Tokens.Select(t => t.Value))}', but must be a whole number from {least} to {most}.");
        return null;
    }

    private static void Fail(string message) => Console.Error.WriteLine($"error: {message.ReplaceLineEndings(" ")}");
}
