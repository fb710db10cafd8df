using GMem.Images;
using GMem.Tool.Commands;
using GMem.Tool.Output;

namespace GMem.Tool.Arguments;

/// <summary>What the commands that begin with a picture have in common: a model, the picture, whose memory, and how to sample.</summary>
internal sealed class PictureArguments
{
    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Argument<string> _picture = new("picture")
    {
        Description = "The picture; the square in its middle is used, as in training.",
    };

    private readonly Option<string> _output;
    private readonly Option<long> _seed = CommonOptions.FirstSeed();
    private readonly Option<long?> _memory = NumberOption.Optional(
        "--memory", "Entry of the memory bank to draw from; without any of these three, the picture's own memory.", 0L, long.MaxValue);
    private readonly Option<string?> _label = CommonOptions.Label();
    private readonly Option<string?> _like = new("--like")
    {
        HelpName = "path",
        Description = "Another picture to draw from.",
    };

    private readonly Option<float[]> _values = CommonOptions.Values();
    private readonly Option<int?> _gpu = CommonOptions.Gpu();
    private readonly GenerationArguments _sampling;

    /// <param name="command">The command, which gets them.</param>
    /// <param name="output">The default of <c>--output</c>.</param>
    /// <param name="further">What the command has besides: arguments after the picture, options after the output.</param>
    public PictureArguments(Command command, string output, params Symbol[] further)
    {
        _output = CommonOptions.ImageOutput(output);
        command.Arguments.Add(_model);
        command.Arguments.Add(_picture);
        command.Options.Add(_output);
        foreach (Symbol symbol in further)
        {
            if (symbol is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)symbol);
            }
        }

        foreach (Option option in new Option[] { _seed, _memory, _label, _like, _values })
        {
            command.Options.Add(option);
        }

        _sampling = new GenerationArguments(command);
        command.Options.Add(_gpu);
    }

    /// <summary>The model with the sampling that was given; dispose it.</summary>
    public GMemModel Load(ParseResult parsed, ToolConsole console)
    {
        using GMemTransformer loaded = ModelAccess.Load(console, parsed.GetRequiredValue(_model), parsed.GetValue(_gpu));
        return _sampling.Apply(parsed, loaded).Model;
    }

    /// <summary>The picture, as it is, with its memory.</summary>
    public GenerationRequest Request(ParseResult parsed, GMemModel model)
    {
        string picture = parsed.GetRequiredValue(_picture);
        GenerationRequest request = new(parsed.GetValue(_seed), parsed.GetValue(_memory), PromptLabel: parsed.GetValue(_label))
        {
            PromptImage = ImageReader.ReadWhole(picture, model.ImageShape.Channels),
            Values = CommonOptions.ValuesOf(parsed.GetValue(_values)),
        };

        // Made once, not for each image; a label beside it is for a network that takes both.
        string? like = parsed.GetValue(_like);
        bool own = like is null && model.HasMemory && model.Encoder is not null && request.MemoryIndex is null
            && (request.PromptLabel is null || model.ClassNames.Count > 0);
        return own || like is not null ? request with { Snippet = ModelAccess.Snippet(model, like ?? picture) } : request;
    }

    /// <summary>The same picture with its own memory, whatever it is to be drawn from; a label that the network is told stays.</summary>
    public GenerationRequest WithOwnMemory(ParseResult parsed, GMemModel model, GenerationRequest request) => request with
    {
        MemoryIndex = null,
        Snippet = model.HasMemory ? ModelAccess.Snippet(model, parsed.GetRequiredValue(_picture)) : default,
        PromptLabel = model.ClassNames.Count > 0 ? request.PromptLabel : null,
    };

    /// <summary>Where so many images go.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The model.</param>
    /// <param name="count">How many.</param>
    /// <param name="inputs">What else is read.</param>
    public ImageOutput Output(ParseResult parsed, GMemModel model, int count, params string?[] inputs) => new(
        parsed.GetRequiredValue(_output), model.ImageShape, count,
        [parsed.GetValue(_model), parsed.GetValue(_picture), parsed.GetValue(_like), .. inputs]);

    /// <summary>What a dry run shows, with what the command has besides.</summary>
    public object Settings(
        ParseResult parsed, GMemModel model, int? count = null, double? strength = null, string? mask = null) => new
        {
            Model = parsed.GetRequiredValue(_model),
            Picture = parsed.GetRequiredValue(_picture),
            Mask = mask,
            Output = parsed.GetRequiredValue(_output),
            Count = count,
            Strength = strength,
            Seed = parsed.GetValue(_seed),
            Memory = parsed.GetValue(_memory),
            Label = parsed.GetValue(_label),
            Like = parsed.GetValue(_like),
            Values = parsed.GetValue(_values) is { Length: > 0 } values ? values : null,
            Device = model.Device.ToString(),
            model.Sampling,
        };
}
