using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary>A command that writes a model with another adapter, or without one.</summary>
internal abstract class AdapterEditCommand : ToolCommand
{
    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Option<string> _output = CommonOptions.Output("The model to write.");

    protected AdapterEditCommand(string name, string description, ToolConsole console, IReadOnlyList<string> examples)
        : base(name, description, console, examples, canDryRun: false)
    {
        Arguments.Add(_model);
        Options.Add(_output);
    }

    /// <summary>The edit itself, and what is read for it.</summary>
    protected abstract GMemTransformer Edit(ParseResult parsed, GMemTransformer model);

    /// <summary>What is read besides the model.</summary>
    protected virtual string? Input(ParseResult parsed) => null;

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string output = parsed.GetRequiredValue(_output);
        _ = OutputFile.Prepare(output, ".zip", Input(parsed));
        using GMemTransformer model = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model));
        using GMemTransformer edited = Edit(parsed, model);

        // Of a pipeline the other stages stay.
        edited.SaveInto(parsed.GetRequiredValue(_model), output);
        object? adapter = AdapterValue.Of(edited.Model);
        return new ToolResult(
            new { Output = output, Adapter = adapter }, $"Wrote {output}: a model {(adapter is null ? "without" : "with")} an adapter.");
    }
}
