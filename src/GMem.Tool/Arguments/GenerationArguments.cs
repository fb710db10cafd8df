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

    public GenerationArguments(Command command)
    {
        command.Options.Add(_sampler);
        command.Options.Add(_solver);
        command.Options.Add(_steps);
        command.Options.Add(_guidance);
        command.Options.Add(_novelty);
    }

    /// <summary>The model's options with what was given.</summary>
    public SamplingOptions Apply(ParseResult parsed, SamplingOptions sampling)
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
