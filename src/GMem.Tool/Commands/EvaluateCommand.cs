using GMem.Evaluation;
using GMem.Images;
using GMem.Runtime;
using GMem.Tool.Arguments;
using GMem.Tool.Output;
using Microsoft.ML;

namespace GMem.Tool.Commands;

/// <summary><c>gmem evaluate</c>.</summary>
internal sealed class EvaluateCommand : ToolCommand
{
    /// <summary>To find out whether an image can be read, its size does not matter.</summary>
    private const int SmallSide = 8;

    private readonly Argument<string> _model = new("generated")
    {
        Description = "A model (.zip), which then generates, or generated images: a folder, "
        + "archive or list."
    };
    private readonly Option<string> _real = new("--real")
    {
        HelpName = "path",
        Description = "Real images, best some that were not trained on: a folder, archive or list, or saved statistics (.npz).",
        Required = true
    };
    private readonly Option<string?> _training = new("--training")
    {
        HelpName = "path",
        Description = "The images trained on, for the copy check: a folder, archive or list."
    };
    private readonly Option<string?> _inception = new("--inception")
    {
        HelpName = "path",
        Description = "InceptionV3 weights (.safetensors or .pth): the Frechet distance is then the FID."
    };
    private readonly Option<int> _count = NumberOption.Of("--count", "Images that a model generates.", 1000, 4, 1_000_000);
    private readonly Option<long> _seed = NumberOption.Of("--seed", "Seed of the first image.", 0L, 0, long.MaxValue);
    private readonly Option<int?> _channels = NumberOption.Optional(
        "--channels", "Channels in which images are compared: 3, or 1, which makes them grey; without it, the model's.", 1, 3);
    private readonly Option<int?> _gpu = CommonOptions.Gpu();
    private readonly Option<bool> _listSkipped = CommonOptions.ListSkipped();
    private readonly GenerationArguments _sampling;
    private readonly List<object> _accounts = [];

    public EvaluateCommand(ToolConsole console)
        : base("evaluate", "Compares generated images with real ones: Frechet and kernel distance, precision, recall, copies.", console,
            ["gmem evaluate model.zip --real test-photos --count 10000",
                "gmem evaluate model.zip --real test-photos --inception inception.safetensors --training photos --json"])
    {
        Arguments.Add(_model);
        foreach (Option option in new Option[] { _real, _training, _inception, _count, _seed, _channels, _gpu, _listSkipped })
        {
            Options.Add(option);
        }

        _sampling = new GenerationArguments(this);
    }

    protected override bool UsesRanks => true;

    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken) => new
    {
        Generated = parsed.GetRequiredValue(_model),
        Real = parsed.GetRequiredValue(_real),
        Training = parsed.GetValue(_training),
        Inception = parsed.GetValue(_inception),
        Count = parsed.GetValue(_count),
        Seed = parsed.GetValue(_seed),
        Gpu = parsed.GetValue(_gpu),
        Evaluation = Comparison(parsed, model: null),
    };

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        MLContext ml = ModelAccess.Context(ToolConsole, parsed.GetValue(_gpu));
        using GMemTransformer? model = ModelAccess.HasImages(parsed.GetRequiredValue(_model)) ? null : Load(parsed, ml);
        RequireOneForEach(parsed.GetValue(_count), "--count is");
        (long begin, long length) = ToolConsole.Ranks.PartOf(parsed.GetValue(_count));
        IDataView generated = model?.Transform(ml.ImageGeneration.CreatePrompts((int)length, parsed.GetValue(_seed) + begin))
            ?? Images(ml, parsed, parsed.GetRequiredValue(_model));
        string column = model is null ? nameof(ImageFile.ImagePath) : nameof(GeneratedImageRow.GeneratedImage);
        using FeatureExtractor? features = parsed.GetValue(_inception) is { } weights
            ? InceptionFeatures.Load(
                weights, device: GMemRuntime.SelectDevice(parsed.GetValue(_gpu), fallbackToCpu: parsed.GetValue(_gpu) is null))
            : null;
        ImageGenerationMetrics metrics = ProgressView.Show(
            ToolConsole, parsed.GetValue(ToolConsole.Json), model is null ? "comparing the images" : "generating and comparing images",
            _ => ToolConsole.Ranks.EndAllIfStopped(
                () => Evaluate(ml, parsed, generated, column, features, Comparison(parsed, model), cancellationToken),
                "stopped; nothing was written."));
        return new ToolResult(MetricsValue.Of(metrics, _accounts), metrics.ToString());
    }

    private void RequireOneForEach(int images, string what)
    {
        if (images < ToolConsole.Ranks.Size)
        {
            throw new ArgumentException($"{what} {images} images, but there are {ToolConsole.Ranks.Size} ranks: start fewer.");
        }
    }

    private ImageGenerationMetrics Evaluate(
        MLContext ml, ParseResult parsed, IDataView generated, string column, FeatureExtractor? features, EvaluationOptions options,
        CancellationToken cancellationToken)
    {
        string real = parsed.GetRequiredValue(_real);
        if (real.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
        {
            using FeatureStatistics statistics = FeatureStatistics.Load(real);
            return ml.ImageGeneration.Evaluate(
                statistics, generated, column, features, options, cancellationToken, ToolConsole.Ranks);
        }

        IDataView? training = parsed.GetValue(_training) is { } folder ? Images(ml, parsed, folder) : null;
        return ml.ImageGeneration.Evaluate(
            Images(ml, parsed, real), generated, generatedImageColumnName: column, features: features, options: options,
            training: training, cancellationToken: cancellationToken, ranks: ToolConsole.Ranks);
    }

    private EvaluationOptions Comparison(ParseResult parsed, GMemTransformer? model)
    {
        bool isGrey = model?.Model.ImageShape.Channels == ImageShape.Grey;
        EvaluationOptions options = new() { ImageChannels = parsed.GetValue(_channels) ?? (isGrey ? ImageShape.Grey : ImageShape.Rgb) };
        options.Validate();
        return options;
    }

    private GMemTransformer Load(ParseResult parsed, MLContext ml)
    {
        using GMemTransformer loaded = GMemTransformer.Load(parsed.GetRequiredValue(_model), ml);
        return _sampling.Apply(parsed, loaded);
    }

    private IDataView Images(MLContext ml, ParseResult parsed, string path)
    {
        ImageListing listing = ImageCollection.Enumerate(path);
        ImageAccount account = new(listing);
        account.ReadAll(SmallSide);
        account.Warn(ToolConsole);
        bool listed = parsed.GetValue(_listSkipped);
        ToolConsole.Note(account.Text(listed));
        _accounts.Add(account.Value(listed));
        RequireOneForEach(account.Readable.Count, $"'{path}' has");
        (long begin, long length) = ToolConsole.Ranks.PartOf(account.Readable.Count);
        return ml.Data.LoadFromEnumerable(account.Readable.Skip((int)begin).Take((int)length));
    }
}
