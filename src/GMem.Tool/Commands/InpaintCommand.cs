using GMem.Images;
using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem inpaint</c>.</summary>
internal sealed class InpaintCommand : ToolCommand
{
    private readonly Argument<string> _mask = new("mask")
    {
        Description = "An image of the picture's size: white is painted anew, black is kept as it is.",
    };

    private readonly Option<double> _strength = NumberOption.Of(
        "--strength", "How much is made anew where the mask is white: 0 is the picture, 1 noise alone.", 1.0, 0.0, 1.0);
    private readonly Option<int> _count = NumberOption.Of("--count", "Images to generate.", 8, 1, 1_000_000);
    private readonly Option<int?> _resamplings = NumberOption.Optional(
        "--resamplings", "How often each step is taken: more fit better and take that many times as long.", 1, 1000);
    private readonly PictureArguments _picture;

    public InpaintCommand(ToolConsole console)
        : base("inpaint", "Paints a part of a picture anew and keeps the rest.", console,
            ["gmem inpaint model.zip photo.png mask.png --count 8 --output repaired.png",
                "gmem inpaint model.zip photo.png mask.png --resamplings 20 --label ring"]) =>
        _picture = new PictureArguments(this, "inpainted", _mask, _strength, _count, _resamplings);

    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemModel model = Load(parsed);
        return _picture.Settings(
            parsed, model, parsed.GetValue(_count), parsed.GetValue(_strength), parsed.GetRequiredValue(_mask));
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemModel model = Load(parsed);
        string mask = parsed.GetRequiredValue(_mask);
        GenerationRequest request = _picture.Request(parsed, model) with
        {
            Strength = parsed.GetValue(_strength),
            PromptMask = ImageReader.ReadFile(mask),
        };
        GenerationRequest[] requests = ImageWriting.Repeated(request, parsed.GetValue(_count));
        return ImageWriting.Run(
            ToolConsole, parsed.GetValue(ToolConsole.Json), model, requests, _picture.Output(parsed, model, requests.Length, mask),
            new StreamingOptions().BatchSize, cancellationToken);
    }

    private GMemModel Load(ParseResult parsed)
    {
        using GMemModel model = _picture.Load(parsed, ToolConsole);
        return model.WithSampling(model.Sampling with { Resamplings = parsed.GetValue(_resamplings) ?? model.Sampling.Resamplings });
    }
}
