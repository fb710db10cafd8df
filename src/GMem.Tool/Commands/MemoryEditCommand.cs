using GMem.Memory;
using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary>
/// A command that writes a model with another bank; the model it was given stays as it is, unless it is the one to write.
/// </summary>
internal abstract class MemoryEditCommand : ToolCommand
{
    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Option<string> _output = CommonOptions.Output("The model to write.");

    protected MemoryEditCommand(string name, string description, ToolConsole console, IReadOnlyList<string> examples)
        : base(name, description, console, examples)
    {
        Arguments.Add(_model);
        Options.Add(_output);
    }

    /// <summary>The edit itself.</summary>
    protected abstract MemoryBank Edit(ParseResult parsed, GMemModel model);

    /// <summary>What is read besides the model.</summary>
    protected virtual IEnumerable<string?> Inputs(ParseResult parsed) => [];

    /// <summary>A dry run makes the edit and says what it would give.</summary>
    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken)
    {
        _ = OutputFile.Check(parsed.GetRequiredValue(_output), ".zip", Inputs(parsed));
        using GMemTransformer model = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model));
        return Value(parsed, model.Memory, Edit(parsed, model.Model));
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string output = parsed.GetRequiredValue(_output);
        _ = OutputFile.Prepare(output, ".zip", Inputs(parsed));
        using GMemTransformer model = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model));
        using GMemTransformer edited = model.WithMemory(Edit(parsed, model.Model));

        // Of a pipeline the other stages stay.
        edited.SaveInto(parsed.GetRequiredValue(_model), output);
        return new ToolResult(
            Value(parsed, model.Memory, edited.Memory), $"Wrote {output}: {edited.Memory.Count} entries, where {model.Memory.Count} were.");
    }

    private object Value(ParseResult parsed, MemoryBank before, MemoryBank after) => new
    {
        Model = parsed.GetRequiredValue(_model),
        Output = parsed.GetRequiredValue(_output),
        Before = before.Count,
        After = after.Count,
    };
}
