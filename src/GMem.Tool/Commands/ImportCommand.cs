using GMem.Autoencoders;
using GMem.Encoders;
using GMem.Images;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem import</c>.</summary>
internal sealed class ImportCommand : ToolCommand
{
    private readonly Argument<string> _checkpoint = new("checkpoint")
    {
        Description = "Weights of GMem, SiT or LightningDiT: "
        + ".safetensors, or .pth, .pt, .ckpt as torch.save writes them."
    };
    private readonly Option<string?> _memory = new("--memory")
    {
        HelpName = "path",
        Description = "The bank that the network was trained with: a published one (.pth) or an exported one; none for a network on "
            + "class labels."
    };
    private readonly Option<string?> _autoencoder = new("--autoencoder")
    {
        HelpName = "path",
        Description = "Weights of the KL autoencoder whose latents the network makes; none for pixels."
    };
    private readonly Option<string?> _encoder = new("--encoder")
    {
        HelpName = "path",
        Description = "DINOv2 weights that made the bank, for prompts by image."
    };
    private readonly Option<int?> _heads = NumberOption.Optional(
        "--heads", "Attention heads, where the weights do not tell them.", 1, int.MaxValue);
    private readonly Option<string> _output = CommonOptions.Output("The model to write.", "model.zip");

    public ImportCommand(ToolConsole console)
        : base("import", "Makes a model of an official checkpoint.", console,
            ["gmem import gmem-xl.pth --memory bank.pth --autoencoder vavae.pth --encoder dinov2.pth --output official.zip"])
    {
        Arguments.Add(_checkpoint);
        foreach (Option option in new Option[] { _memory, _autoencoder, _encoder, _heads, _output })
        {
            Options.Add(option);
        }
    }

    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken) => new
    {
        Checkpoint = parsed.GetRequiredValue(_checkpoint),
        Memory = parsed.GetValue(_memory),
        Autoencoder = parsed.GetValue(_autoencoder),
        Encoder = parsed.GetValue(_encoder),
        Heads = parsed.GetValue(_heads),
        Output = parsed.GetRequiredValue(_output),
    };

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string output = parsed.GetRequiredValue(_output);
        _ = OutputFile.Prepare(
            output, ".zip", parsed.GetValue(_checkpoint), parsed.GetValue(_memory), parsed.GetValue(_autoencoder), parsed
                .GetValue(_encoder));
        GMemRuntime.EnsureLoaded();
        using ImageAutoencoder? autoencoder = parsed.GetValue(_autoencoder) is { } weights ? ImageAutoencoder.Kl(weights) : null;
        using SnippetEncoder? encoder = parsed.GetValue(_encoder) is { } dino ? SnippetEncoder.DinoV2(dino) : null;
        MemoryBank? bank = parsed.GetValue(_memory) is { } path ? ModelAccess.Bank(ToolConsole, path) : null;
        CheckpointOptions options = new() { Autoencoder = autoencoder, Encoder = encoder, HeadCount = parsed.GetValue(_heads) };
        using GMemModel imported = GMemModel.FromCheckpoint(parsed.GetRequiredValue(_checkpoint), bank, options);
        using GMemTransformer model = ModelAccess.Context(ToolConsole, gpu: null).ImageGeneration.FromModel(imported);
        model.Save(output);
        ImageShape shape = model.Model.ImageShape;
        return new ToolResult(
            new
            {
                Output = output,
                ImageWidth = shape.Width,
                ImageHeight = shape.Height,
                Network = NetworkSettings.Of(model.Model.Network),
                Memory = imported.HasMemory ? MemoryValue.Of(model.Memory) : null
            },
            $"Wrote {output}: images of {shape.Width} x "
                + $"{shape.Height}{(imported.HasMemory ? $", {model.Memory.Count} entries" : "")}.");
    }
}
