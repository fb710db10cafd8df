using GMem.Memory;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem memory import</c>.</summary>
internal sealed class MemoryImportCommand : MemoryEditCommand
{
    private readonly Argument<string> _bank = new("bank")
    {
        Description = "The bank to use instead: an exported one, a published one "
        + "(.pth), or that of another model (.zip). Made by the same encoder."
    };

    public MemoryImportCommand(ToolConsole console)
        : base("import", "Puts another bank in place of the model's.", console,
            ["gmem memory import model.zip exported.safetensors --output edited.zip"])
    {
        Arguments.Add(_bank);
    }

    protected override IEnumerable<string?> Inputs(ParseResult parsed) => [parsed.GetValue(_bank)];

    protected override MemoryBank Edit(ParseResult parsed, GMemModel model) =>
        ModelAccess.Bank(ToolConsole, parsed.GetRequiredValue(_bank));
}
