using GMem.Images;
using GMem.Memory;
using GMem.Tool.Arguments;
using GMem.Tool.Output;
using TorchSharp;

namespace GMem.Tool.Commands;

/// <summary><c>gmem memory nearest</c>.</summary>
internal sealed class MemoryNearestCommand : ToolCommand
{
    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Argument<string> _image = new("image") { Description = "The image to look for." };
    private readonly Option<int> _count = NumberOption.Of("--count", "Entries to show.", 10, 1, int.MaxValue);

    public MemoryNearestCommand(ToolConsole console)
        : base("nearest", "Finds the entries nearest to an image, by the cosine of their snippets.", console,
            ["gmem memory nearest model.zip photo.jpg --count 5"], canDryRun: false)
    {
        Arguments.Add(_model);
        Arguments.Add(_image);
        Options.Add(_count);
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemTransformer model = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model));
        using torch.Tensor snippet = model.Model.EncodeFiles(parsed.GetRequiredValue(_image));
        MemoryNeighbor[] found = model.Memory.Nearest(
            snippet, (int)Math.Min(parsed.GetValue(_count), model.Memory.Count), cancellationToken)[0];
        string table = TextTable.Of(
            ["cosine", "index", "id", "label", "source"], found.Select(
                n => new object?[] { FormattableString.Invariant($"{n.Cosine:F4}"), n.Index, n.Id, n.Label, n.Source }));
        return new ToolResult(new { Neighbors = found }, table);
    }
}
