using System.CommandLine.Parsing;
using GMem.Training;

namespace GMem.Tool.Arguments;

/// <summary>The options by which a run starts from a model, and trains a part of it or an adapter.</summary>
internal sealed class FineTuningArguments
{
    private readonly Option<string?> _from = new("--from")
    {
        HelpName = "path",
        Description = "A model to start from, whose network, encoder and image size are kept; without it, random weights."
    };
    private readonly Option<string[]> _freeze = Patterns(
        "--freeze", "Parameters that keep their values, by name; * stands for any characters, as in 'blocks.*.attn.*'.");
    private readonly Option<int?> _rank = NumberOption.Optional(
        "--adapter-rank", "Trains a low-rank adapter (LoRA) of this rank on --from instead of its weights; 8 is usual.", 1, 1024);
    private readonly Option<double?> _alpha = NumberOption.Optional(
        "--adapter-alpha", "The adapter counts alpha / rank times; without it, once.", 1e-9, 1e6);
    private readonly Option<string[]> _layers = Patterns(
        "--adapter-layers", "Layers that get an adapter, by name; without it, attention and MLP of every block.");
    private readonly Option<string?> _output = new("--adapter-output")
    {
        HelpName = "path",
        Description = "Where to write the adapter by itself, a .safetensors of some megabytes; it is in the model as well."
    };

    public FineTuningArguments(Command command)
    {
        foreach (Option option in new Option[] { _from, _freeze, _rank, _alpha, _layers, _output })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Where the adapter goes; null for nowhere.</summary>
    public string? Output(ParseResult parsed) => parsed.GetValue(_output);

    /// <summary>The model that is read.</summary>
    public string? From(ParseResult parsed) => parsed.GetValue(_from);

    /// <exception cref="ArgumentException">An option of the adapter is given without its rank, or for no .safetensors.</exception>
    public void Apply(ParseResult parsed, TrainingOptions training)
    {
        training.Freeze = parsed.GetRequiredValue(_freeze);
        foreach (Option option in new Option[] { _alpha, _layers, _output })
        {
            if (parsed.GetValue(_rank) is null && parsed.GetResult(option) is { Implicit: false })
            {
                throw new ArgumentException($"{option.Name} is for an adapter: give {_rank.Name} as well.");
            }
        }

        if (Output(parsed) is { } path && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"{_output.Name} is '{path}', but must end in .safetensors: it is written in that format.");
        }

        if (parsed.GetValue(_rank) is { } rank)
        {
            LowRankAdapterOptions adapter = new() { Rank = rank, Alpha = parsed.GetValue(_alpha) };
            string[] layers = parsed.GetRequiredValue(_layers);
            training.Adapter = layers.Length == 0 ? adapter : adapter with { Layers = layers };
        }
    }

    private static Option<string[]> Patterns(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "pattern",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };
}
