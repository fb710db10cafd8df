using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem adapter add</c>.</summary>
internal sealed class AdapterAddCommand : AdapterEditCommand
{
    private readonly Argument<string> _adapter = new("adapter")
    {
        Description = "What 'gmem train --adapter-output' wrote, a .safetensors."
    };
    private readonly Option<double> _strength = NumberOption.Of(
        "--strength", "Factor of what the adapter changes: 1 as it was trained, 0 nothing.", 1.0, -10.0, 10.0);

    public AdapterAddCommand(ToolConsole console)
        : base("add", "Adds an adapter to the model that it was trained from, in the place of one that is there.", console,
            ["gmem adapter add model.zip stars.safetensors --strength 0.8 --output stars-model.zip"])
    {
        Arguments.Add(_adapter);
        Options.Add(_strength);
    }

    protected override string? Input(ParseResult parsed) => parsed.GetRequiredValue(_adapter);

    protected override GMemTransformer Edit(ParseResult parsed, GMemTransformer model) =>
        model.WithAdapter(LowRankAdapter.Load(parsed.GetRequiredValue(_adapter)), parsed.GetValue(_strength));
}
