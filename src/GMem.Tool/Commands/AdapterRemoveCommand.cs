using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem adapter remove</c>.</summary>
internal sealed class AdapterRemoveCommand(ToolConsole console) : AdapterEditCommand(
    "remove", "Takes the adapter out; the network is what it was before, bit for bit.", console,
    ["gmem adapter remove stars-model.zip --output model.zip"])
{
    protected override GMemTransformer Edit(ParseResult parsed, GMemTransformer model) => model.Model.Adapter is null
        ? throw new ArgumentException("The model has no adapter.")
        : model.WithoutAdapter();
}
