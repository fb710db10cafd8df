using GMem.Memory;
using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem memory list</c>.</summary>
internal sealed class MemoryListCommand : ToolCommand
{
    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Option<string?> _label = new("--label") { Description = "Only entries of this label." };
    private readonly Option<int> _skip = NumberOption.Of("--skip", "Entries to leave out at the beginning.", 0, 0, int.MaxValue);
    private readonly Option<int> _count = NumberOption.Of("--count", "Entries to show.", 20, 1, int.MaxValue);

    public MemoryListCommand(ToolConsole console)
        : base("list", "Lists entries of the memory bank: index, stable id, label, source.", console,
            ["gmem memory list model.zip", "gmem memory list model.zip --label cat --skip 100 --count 50 --json"], canDryRun: false)
    {
        Arguments.Add(_model);
        Options.Add(_label);
        Options.Add(_skip);
        Options.Add(_count);
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemTransformer model = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model));
        MemoryBank bank = parsed.GetValue(_label) is { } label ? model.Memory.KeepLabel(label) : model.Memory;
        MemoryEntry[] entries = [.. bank.Entries.Skip(parsed.GetValue(_skip)).Take(parsed.GetValue(_count)).Select(
            e => e with { Index = model.Memory.IndexOf(e.Id) })];
        string table = TextTable.Of(
            ["index", "id", "label", "source"], entries.Select(e => new object?[] { e.Index, e.Id, e.Label, e.Source }));
        return new ToolResult(new { bank.Count, Entries = entries }, $"{table}{entries.Length} of {bank.Count} entries.");
    }
}
