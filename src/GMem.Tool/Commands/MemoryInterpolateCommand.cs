using GMem.Images;
using GMem.Memory;
using GMem.Tool.Arguments;
using GMem.Tool.Output;
using TorchSharp;

namespace GMem.Tool.Commands;

/// <summary><c>gmem memory interpolate</c>.</summary>
internal sealed class MemoryInterpolateCommand : ToolCommand
{
    private const int SmallestTile = 64;

    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Argument<long> _from = new("from") { Description = "Index of the entry to begin with." };
    private readonly Argument<long> _to = new("to") { Description = "Index of the entry to end with." };
    private readonly Option<string> _output = CommonOptions.Output("The .png to write.", "interpolation.png");
    private readonly Option<int> _count = NumberOption.Of("--count", "Images, the ends included.", 8, 2, 1024);
    private readonly Option<SnippetInterpolation> _method = ChoiceOption.Of(
        "--method", "How snippets are blended.", SnippetInterpolation.Linear);
    private readonly Option<long> _seed = NumberOption.Of("--seed", "Seed of the noise, the same for all.", 0L, 0, long.MaxValue);

    public MemoryInterpolateCommand(ToolConsole console)
        : base("interpolate", "Generates a row of images from one entry to another.", console,
            ["gmem memory interpolate model.zip 3 17 --method spherical --output between.png"], canDryRun: false)
    {
        Arguments.Add(_model);
        Arguments.Add(_from);
        Arguments.Add(_to);
        foreach (Option option in new Option[] { _output, _count, _method, _seed })
        {
            Options.Add(option);
        }
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string output = parsed.GetRequiredValue(_output);
        _ = OutputFile.Prepare(output, ".png", parsed.GetRequiredValue(_model));
        using GMemTransformer loaded = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model));
        GMemModel model = loaded.Model;
        int count = parsed.GetValue(_count);
        GenerationRequest[] requests = [.. Enumerable.Range(0, count).Select(
            i => new GenerationRequest(parsed.GetValue(_seed), Snippet: Blend(parsed, model, i / (count - 1.0))))];
        IReadOnlyList<GeneratedImage> images = model.Generate(requests, cancellationToken);
        ImageGrid.Save(output, [.. images.Select(i => i.Image)], columns: count, scale: Math.Max(1, SmallestTile / model.ImageShape.Width));
        return new ToolResult(
            new
            {
                Output = output,
                From = model.Memory.Entry(parsed.GetValue(_from)),
                To = model.Memory.Entry(parsed.GetValue(_to)),
                Count = count
            },
            $"Wrote {output}: {count} images from entry {parsed.GetValue(_from)} to entry {parsed.GetValue(_to)}.");
    }

    private float[] Blend(ParseResult parsed, GMemModel model, double fraction)
    {
        using torch.Tensor snippet = model.Memory.Interpolate(
            parsed.GetValue(_from), parsed.GetValue(_to), fraction, parsed.GetValue(_method), parsed.GetValue(_seed));
        return [.. snippet.data<float>()];
    }
}
