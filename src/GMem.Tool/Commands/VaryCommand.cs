using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem vary</c>.</summary>
internal sealed class VaryCommand : ToolCommand
{
    private readonly Option<double> _strength = NumberOption.Of(
        "--strength", "How much is made anew: 0 is the picture, 1 noise alone.", 0.5, 0.0, 1.0);
    private readonly Option<int> _count = NumberOption.Of("--count", "Images to generate.", 8, 1, 1_000_000);
    private readonly PictureArguments _picture;

    public VaryCommand(ToolConsole console)
        : base("vary", "Makes variations of a picture.", console,
            ["gmem vary model.zip photo.png --strength 0.6 --count 8 --output variations.png",
                "gmem vary model.zip photo.png --label cat --output as-a-cat.png"]) =>
        _picture = new PictureArguments(this, "variations", _strength, _count);

    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemModel model = _picture.Load(parsed, ToolConsole);
        return _picture.Settings(parsed, model, parsed.GetValue(_count), parsed.GetValue(_strength));
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemModel model = _picture.Load(parsed, ToolConsole);
        GenerationRequest[] requests = ImageWriting.Repeated(
            _picture.Request(parsed, model) with { Strength = parsed.GetValue(_strength) }, parsed.GetValue(_count));
        return ImageWriting.Run(
            ToolConsole, parsed.GetValue(ToolConsole.Json), model, requests, _picture.Output(parsed, model, requests.Length),
            new StreamingOptions().BatchSize, cancellationToken);
    }
}
