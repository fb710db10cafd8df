using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem generate</c>.</summary>
internal sealed class GenerateCommand : ToolCommand
{
    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Option<string> _output = CommonOptions.ImageOutput("samples");
    private readonly Option<int> _count = NumberOption.Of("--count", "Images to generate.", 16, 1, 1_000_000);
    private readonly Option<long> _seed = CommonOptions.FirstSeed();
    private readonly Option<long?> _memory = NumberOption.Optional(
        "--memory", "Entry of the memory bank to draw from; without it the seed picks one.", 0L, long.MaxValue);
    private readonly Option<string?> _label = CommonOptions.Label();
    private readonly Option<string?> _image = new("--image")
    {
        HelpName = "path",
        Description = "An image to draw from, which need not have been trained on."
    };
    private readonly Option<float[]> _values = CommonOptions.Values();
    private readonly Option<int> _batchSize = NumberOption.Of(
        "--batch-size", "Images made at once.", new StreamingOptions().BatchSize, 1, 65536);
    private readonly Option<int?> _gpu = CommonOptions.Gpu();
    private readonly GenerationArguments _sampling;

    public GenerateCommand(ToolConsole console)
        : base("generate", "Generates images.", console,
            ["gmem generate model.zip --count 64 --output samples", "gmem generate model.zip --label cat --output cats.png",
                "gmem generate model.zip --image photo.jpg --seed 7 --count 8 --output like-it.png"])
    {
        Arguments.Add(_model);
        foreach (Option option in new Option[] { _output, _count, _seed, _memory, _label, _image, _values, _batchSize })
        {
            Options.Add(option);
        }

        _sampling = new GenerationArguments(this);
        Options.Add(_gpu);
    }

    protected override bool UsesRanks => true;

    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemTransformer loaded = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model), parsed.GetValue(_gpu));
        using GMemTransformer model = _sampling.Apply(parsed, loaded);
        return new
        {
            Model = parsed.GetRequiredValue(_model),
            Output = parsed.GetRequiredValue(_output),
            Count = parsed.GetValue(_count),
            Seed = parsed.GetValue(_seed),
            Memory = parsed.GetValue(_memory),
            Label = parsed.GetValue(_label),
            Image = parsed.GetValue(_image),
            Values = parsed.GetValue(_values) is { Length: > 0 } values ? values : null,
            BatchSize = parsed.GetValue(_batchSize),
            Device = model.Model.Device.ToString(),
            Adapter = AdapterValue.Of(model.Model),
            model.Model.Sampling,
        };
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemTransformer loaded = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model), parsed.GetValue(_gpu));
        using GMemModel model = _sampling.Apply(parsed, loaded).Model;
        GenerationRequest[] requests = Requests(parsed, model);
        ImageOutput? output = ToolConsole.Ranks.Rank > 0 ? null : new(
            parsed.GetRequiredValue(_output), model.ImageShape, requests.Length, [parsed.GetValue(_model), parsed.GetValue(_image)]);
        return ImageWriting.Run(
            ToolConsole, parsed.GetValue(ToolConsole.Json), model, requests, output, parsed.GetValue(_batchSize), cancellationToken);
    }

    private GenerationRequest[] Requests(ParseResult parsed, GMemModel model)
    {
        ReadOnlyMemory<float> snippet = parsed.GetValue(_image) is { } image ? ModelAccess.Snippet(model, image) : default;
        return ImageWriting.Repeated(
            new(parsed.GetValue(_seed), parsed.GetValue(_memory), snippet, parsed.GetValue(_label))
            {
                Values = CommonOptions.ValuesOf(parsed.GetValue(_values)),
            }, parsed.GetValue(_count));
    }
}
