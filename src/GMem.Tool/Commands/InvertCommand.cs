using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem invert</c>.</summary>
internal sealed class InvertCommand : ToolCommand
{
    private readonly PictureArguments _picture;

    public InvertCommand(ToolConsole console)
        : base("invert", "Finds the noise of a picture and draws it again, from its own memory or in the style of another.", console,
            ["gmem invert model.zip photo.png --sampling-steps 100 --output again.png",
                "gmem invert model.zip photo.png --like painting.png --output styled.png"]) =>
        _picture = new PictureArguments(this, "inverted");

    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemModel model = _picture.Load(parsed, ToolConsole);
        return _picture.Settings(parsed, model);
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemModel model = _picture.Load(parsed, ToolConsole);
        GenerationRequest asked = _picture.Request(parsed, model);
        ImageOutput output = _picture.Output(parsed, model, 1);
        InvertedImage inverted = model.Invert([_picture.WithOwnMemory(parsed, model, asked)], cancellationToken)[0];
        GenerationRequest request = asked with { Strength = 1, Noise = inverted.Noise };
        output.Add(model.Generate([request], cancellationToken)[0]);
        output.Finish();
        string error = string.Create(CultureInfo.InvariantCulture, $"{inverted.RoundTripError:0.00}");
        return new ToolResult(
            new { Output = output.Path, output.Images, inverted.RoundTripError },
            $"Wrote {output.Path}. From its noise and its own memory the picture comes back with an error of {error} levels of 255 "
            + "(root mean square); more --sampling-steps make it smaller.");
    }
}
