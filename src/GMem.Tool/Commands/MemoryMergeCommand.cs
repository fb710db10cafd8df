using GMem.Memory;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem memory merge</c>.</summary>
internal sealed class MemoryMergeCommand : MemoryEditCommand
{
    private readonly Argument<string> _other = new("other")
    {
        Description = "The bank to add: of another model (.zip), an exported one, "
        + "or a published one (.pth). Made by the same encoder."
    };

    public MemoryMergeCommand(ToolConsole console)
        : base("merge", "Adds the entries of another bank.", console,
            ["gmem memory merge model.zip exported.safetensors --output merged.zip"])
    {
        Arguments.Add(_other);
    }

    protected override IEnumerable<string?> Inputs(ParseResult parsed) => [parsed.GetValue(_other)];

    protected override MemoryBank Edit(ParseResult parsed, GMemModel model) =>
        model.Memory.Merge(ModelAccess.Bank(ToolConsole, parsed.GetRequiredValue(_other)));
}
