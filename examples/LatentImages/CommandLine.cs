using System.CommandLine;
using Examples.Shared;

namespace LatentImages;

/// <summary>The options of the command line.</summary>
internal static class CommandLine
{
    private static readonly Option<string?> Images = Text("--images", "A folder or .zip of photographs. Without it, pictures are drawn.");
    private static readonly Option<string?> Autoencoder = Text(
        "--autoencoder", "A KL autoencoder (SD-VAE, VA-VAE, ...): .safetensors, .pt, .ckpt or .pth. Without it, a tiny random one.");
    private static readonly Option<string?> Encoder = Text(
        "--encoder", "A DINOv2 model (dinov2_vitb14_pretrain.pth, ...). Without it, a tiny random one.");
    private static readonly Option<string?> Preset = Text(
        "--preset", "A published size of the network: S, B, L, XL, 1p0B or 1p6B. Without it, one that a CPU can train.");
    private static readonly Option<bool> Projection = new("--projection")
    {
        Description = "Train with the projection loss (REPA) on the "
        + "encoder's patch tokens."
    };
    private static readonly Option<int> ImageSize = ConsoleProgram.Number(
        "--image-size", "Side of the square images in pixels; 0 takes 256 with a real autoencoder, else 64.", 0, 0, 2048);
    private static readonly Option<long> Steps = ConsoleProgram.Number(
        "--steps", "Training steps.", Settings.DefaultSteps, 1, long.MaxValue);
    private static readonly Option<int> BatchSize = ConsoleProgram.Number(
        "--batch-size", "Images in a training step.", Settings.DefaultBatchSize, 1, int.MaxValue);
    private static readonly Option<int> Count = ConsoleProgram.Number("--count", "Images to generate.", Settings.DefaultCount, 1, 4096);
    private static readonly Option<int> Seed = ConsoleProgram.Number(
        "--seed", "Seed of everything drawn at random.", Settings.DefaultSeed, 1, int.MaxValue);

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for model.zip, network.safetensors, the pictures, and the cache of latents.",
        DefaultValueFactory = _ => Settings.DefaultOutput,
    };

    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments, Action<Settings, CancellationToken> action)
    {
        RootCommand command = new(
            "Trains a GMem image generator on the latents of photographs, with snippets of DINOv2, and generates with it.")
        {
            Images, Autoencoder, Encoder, Preset, Projection, ImageSize, Steps, BatchSize, Count, Seed, Output,
        };
        return ConsoleProgram.Run(command, arguments, (parsed, cancellationToken) => action(Read(parsed), cancellationToken));
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

    private static Option<string?> Text(string name, string description) => new(name) { Description = description };
}
