using GMem.Memory;
using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem memory remove</c>.</summary>
internal sealed class MemoryRemoveCommand : MemoryEditCommand
{
    private readonly Option<string?> _label = new("--label") { Description = "Removes all entries of this label." };
    private readonly Option<long[]> _ids = NumberOption.Indices(
        "--id", "Removes entries by their stable ids, which 'gmem memory list' shows.");

    public MemoryRemoveCommand(ToolConsole console)
        : base("remove", "Takes entries out, so that nothing is drawn from them; what the network learnt from them stays in it.", console,
            ["gmem memory remove model.zip --label dog --output edited.zip", "gmem memory remove model.zip --id 3 17 --output edited.zip"])
    {
        Options.Add(_label);
        Options.Add(_ids);
    }

    protected override MemoryBank Edit(ParseResult parsed, GMemModel model)
    {
        (string? label, long[] ids) = (parsed.GetValue(_label), parsed.GetRequiredValue(_ids));
        if (label is null && ids.Length == 0)
        {
            throw new ArgumentException("Say what to remove: --label or --id.");
        }

        MemoryBank bank = label is null ? model.Memory : model.Memory.RemoveLabel(label);
        return ids.Length == 0 ? bank : bank.Remove([.. ids.Select(id => new EntryId(id))]);
    }
}
