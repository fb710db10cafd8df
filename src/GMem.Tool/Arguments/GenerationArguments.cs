using GMem.Sampling;

namespace GMem.Tool.Arguments;

/// <summary>The options by which a command changes how a model samples; what is not given stays as the model has it.</summary>
internal sealed class GenerationArguments
{
    private readonly Option<SamplerKind?> _sampler = ChoiceOption.Optional<SamplerKind>("--sampler", "The equation that is solved.");
    private readonly Option<OdeMethod?> _solver = ChoiceOption.Optional<OdeMethod>("--solver", "How the ODE is solved.");
    private readonly Option<int?> _steps = NumberOption.Optional("--sampling-steps", "Steps of the solver.", 1, 10_000);
    private readonly Option<double?> _guidance = NumberOption.Optional("--guidance", "Guidance scale; 1 is none.", 0.0, 1000.0);
    private readonly Option<double?> _novelty = NumberOption.Optional(
        "--novelty", "Cosine to which the snippets of drawn entries are turned in a random direction, above 0; 1 keeps them.", 0.0, 1.0);

    private readonly Option<string?> _adapter = new("--adapter")
    {
        HelpName = "path",
        Description = "An adapter that was trained on this model, a .safetensors; without it, the model's own, if it has one."
    };
    private readonly Option<double?> _adapterStrength = NumberOption.Optional(
        "--adapter-strength", "Factor of what the adapter changes: 1 as it was trained, 0 nothing.", -10.0, 10.0);

    public GenerationArguments(Command command)
    {
        command.Options.Add(_sampler);
        command.Options.Add(_solver);
        command.Options.Add(_steps);
        command.Options.Add(_guidance);
        command.Options.Add(_novelty);
        command.Options.Add(_adapter);
        command.Options.Add(_adapterStrength);
    }

    /// <summary>The model with the adapter and the sampling that were given; dispose it.</summary>
    public GMemTransformer Apply(ParseResult parsed, GMemTransformer model)
    {
        SamplingOptions sampling = Apply(parsed, model.Model.Sampling);
        double? strength = parsed.GetValue(_adapterStrength);
        if (parsed.GetValue(_adapter) is null && strength is null)
        {
            return model.WithSampling(sampling);
        }

        LowRankAdapter adapter = parsed.GetValue(_adapter) is { } path ? LowRankAdapter.Load(path)
            : model.Model.Adapter ?? throw new ArgumentException("The model has no adapter: give --adapter with --adapter-strength.");
        using GMemTransformer adapted = model.WithAdapter(adapter, strength ?? 1);
        return adapted.WithSampling(sampling);
    }

    /// <summary>The model's options with what was given.</summary>
    private SamplingOptions Apply(ParseResult parsed, SamplingOptions sampling)
    {
        SamplingOptions given = sampling with
        {
            Kind = parsed.GetValue(_sampler) ?? sampling.Kind,
            OdeMethod = parsed.GetValue(_solver) ?? sampling.OdeMethod,
            Steps = parsed.GetValue(_steps) ?? sampling.Steps,
            GuidanceScale = parsed.GetValue(_guidance) ?? sampling.GuidanceScale,
            Novelty = parsed.GetValue(_novelty) is { } cosine ? new SnippetNovelty { Cosine = cosine } : sampling.Novelty,
        };
        given.Validate();
        return given;
    }
}
