using GMem.FileFormats;
using GMem.Images;
using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem info</c>.</summary>
internal sealed class InfoCommand : ToolCommand
{
    private readonly Argument<string> _model = new("model") { Description = "A model, a .zip, or an adapter, a .safetensors." };

    public InfoCommand(ToolConsole console)
        : base("info", "Says what a model is: its images, its network, its memory bank and how it samples.", console,
            ["gmem info model.zip", "gmem info model.zip --json", "gmem info stars.safetensors"], canDryRun: false)
    {
        Arguments.Add(_model);
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string path = parsed.GetRequiredValue(_model);
        if (Path.GetExtension(path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            return ToolResult.Of(new { Adapter = path, Trained = AdapterValue.Of(LowRankAdapter.Load(path)) });
        }

        using GMemTransformer loaded = ModelAccess.Load(ToolConsole, path);
        GMemModel model = loaded.Model;
        return ToolResult.Of(new
        {
            Model = path,
            Integrity = model.Integrity == FileIntegrity.Checked
                ? "checked"
                : "no hashes (written by GMem before it wrote any, or by other software)",
            ImageWidth = model.ImageShape.Width,
            ImageHeight = model.ImageShape.Height,
            ImageChannels = model.ImageShape.Channels,
            ImageFit = model.ImageShape.Fit,
            Autoencoder = model.Autoencoder.Kind.Name,
            Encoder = model.Encoder?.Kind.Name ?? "none (snippets of the user's own)",
            Memory = model.HasMemory ? MemoryValue.Of(model.Memory) : null,
            Network = NetworkSettings.Of(model.Network),
            Parameters = model.ParameterCount,
            Adapter = AdapterValue.Of(model),
            model.Path,
            model.Prediction,
            model.Sampling,
        });
    }
}
