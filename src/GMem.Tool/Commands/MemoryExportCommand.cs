using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem memory export</c>.</summary>
internal sealed class MemoryExportCommand : ToolCommand
{
    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Option<string> _output = CommonOptions.Output("The file to write, .safetensors.", "memory.safetensors");

    public MemoryExportCommand(ToolConsole console)
        : base("export", "Writes the memory bank alone, as a safetensors file.", console,
            ["gmem memory export model.zip --output exported.safetensors"], canDryRun: false)
    {
        Arguments.Add(_model);
        Options.Add(_output);
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string output = parsed.GetRequiredValue(_output);
        _ = OutputFile.Prepare(output, ".safetensors", parsed.GetRequiredValue(_model));
        using GMemTransformer model = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model));
        model.Memory.Save(output);
        return new ToolResult(
            new { Output = output, Memory = MemoryValue.Of(model.Memory) },
            $"Wrote {output}: {model.Memory.Count} entries of {model.Memory.Dimension} numbers.");
    }
}
