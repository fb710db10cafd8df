using GMem.Evaluation;
using GMem.Images;
using GMem.Runtime;
using GMem.Tool.Arguments;
using GMem.Tool.Output;
using Microsoft.ML;

namespace GMem.Tool.Commands;

/// <summary><c>gmem tune</c>.</summary>
internal sealed class TuneCommand : ToolCommand
{
    private const string Ending = ".zip";
    private const int SmallSide = 8;

    private static readonly TuningOptions Defaults = new();

    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Option<string> _real = new("--real")
    {
        HelpName = "path",
        Description = "Pictures that were not trained on: a folder, archive or list. One half chooses, the other reports.",
        Required = true
    };
    private readonly Option<string?> _training = new("--training")
    {
        HelpName = "path",
        Description = "The images trained on, by which copies are counted; without them, novelty is not searched."
    };
    private readonly Option<string?> _output = new("--output", "-o")
    {
        HelpName = "path",
        Description = "The model to write; without it, the settings that win are saved in the model itself."
    };
    private readonly Option<string?> _inception = new("--inception")
    {
        HelpName = "path",
        Description = "InceptionV3 weights (.safetensors or .pth), so that the distance is the FID."
    };
    private readonly Option<int> _samples = NumberOption.Of(
        "--samples", "Images that each candidate generates, all from the same seeds.", Defaults.Samples, 16, 1_000_000);
    private readonly Option<int> _rounds = NumberOption.Of(
        "--rounds", "How often the search goes over the settings, at most.", Defaults.Rounds, 1, 10);
    private readonly Option<long> _seed = NumberOption.Of("--seed", "Seed of the first image and of the halves.", 0L, 0, long.MaxValue / 2);
    private readonly Option<int?> _gpu = CommonOptions.Gpu();

    public TuneCommand(ToolConsole console)
        : base("tune", "Searches guidance, timestep shift and novelty on real pictures, and saves what wins in the model.", console,
            ["gmem tune model.zip --real test-photos", "gmem tune model.zip --real test-photos --training photos --output tuned.zip"])
    {
        Arguments.Add(_model);
        foreach (Option option in new Option[] { _real, _training, _output, _samples, _rounds, _seed, _inception, _gpu })
        {
            Options.Add(option);
        }
    }

    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken)
    {
        TuningOptions options = ToOptions(parsed);
        _ = OutputFile.Check(Output(parsed), Ending, Inputs(parsed));
        return new
        {
            Model = parsed.GetRequiredValue(_model),
            Real = parsed.GetRequiredValue(_real),
            Training = parsed.GetValue(_training),
            Output = Output(parsed),
            Inception = parsed.GetValue(_inception),
            options.Samples,
            options.Rounds,
            options.Seed,
            Gpu = parsed.GetValue(_gpu),
            options.GuidanceScales,
            options.GuidanceIntervalStarts,
            options.TimestepShifts,
            options.NoveltyCosines,
        };
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string output = OutputFile.Prepare(Output(parsed), Ending, Inputs(parsed));
        TuningOptions options = ToOptions(parsed);
        MLContext ml = ModelAccess.Context(ToolConsole, parsed.GetValue(_gpu));
        using GMemTransformer model = GMemTransformer.Load(parsed.GetRequiredValue(_model), ml);
        using FeatureExtractor? features = options.Features = parsed.GetValue(_inception) is { } weights
            ? InceptionFeatures.Load(weights, device: model.Model.Device)
            : null;
        IDataView real = Images(ml, parsed.GetRequiredValue(_real));
        IDataView? training = parsed.GetValue(_training) is { } images ? Images(ml, images) : null;
        TuningResult result = ProgressView.Show(
            ToolConsole, parsed.GetValue(ToolConsole.Json), "reading the pictures",
            view => ml.ImageGeneration.Tune(
                model, real, options, training, progress: new Reports(view, Most(options)), cancellationToken: cancellationToken));
        if (!result.IsKept)
        {
            // The very last thing, at once: whatever stops the search leaves the model as it was.
            using GMemTransformer tuned = model.WithSampling(result.Sampling);
            tuned.SaveInto(parsed.GetRequiredValue(_model), output);
        }

        string saved = result.IsKept ? "Nothing was written." : $"Saved in {Output(parsed)}.";
        return new ToolResult(Value(result, result.IsKept ? null : Output(parsed)), $"{result}{saved}");
    }

    /// <summary>Candidates of all rounds and the two of the report, if every setting can be searched.</summary>
    private static int Most(TuningOptions options)
    {
        int guided = options.GuidanceScales.Count(s => s != 1) * options.GuidanceIntervalStarts.Count;
        return (options.Rounds * (guided + options.TimestepShifts.Count + options.NoveltyCosines.Count)) + 3;
    }

    private static object Value(TuningResult result, string? saved) => new
    {
        Saved = saved,
        result.IsKept,
        result.FeatureName,
        result.RealCount,
        result.Samples,
        result.Sampling,
        Tuning = Value(result.Chosen),
        Report = Value(result.Report),
        Candidates = result.Candidates.Select(c => new
        {
            c.Change,
            c.Distance,
            c.CopyShare,
            MayWin = result.MayWin(c),
            SecondsPerImage = c.Duration.TotalSeconds / result.Samples,
        }),
        result.Skipped,
    };

    private static object Value(TuningHalf half) => new
    {
        UntunedDistance = half.Untuned.Distance,
        UntunedCopyShare = half.Untuned.CopyShare,
        half.Tuned.Distance,
        half.Tuned.CopyShare,
        half.UnseenCopyShare,
    };

    private string Output(ParseResult parsed) => parsed.GetValue(_output) ?? parsed.GetRequiredValue(_model);

    private IEnumerable<string?> Inputs(ParseResult parsed) =>
        [parsed.GetValue(_real), parsed.GetValue(_training), parsed.GetValue(_inception)];

    private TuningOptions ToOptions(ParseResult parsed)
    {
        TuningOptions options = new()
        {
            Samples = parsed.GetValue(_samples),
            Rounds = parsed.GetValue(_rounds),
            Seed = parsed.GetValue(_seed),
        };
        options.Validate();
        return options;
    }

    private IDataView Images(MLContext ml, string path)
    {
        ImageAccount account = new(ImageCollection.Enumerate(path));
        account.ReadAll(SmallSide);
        account.Warn(ToolConsole);
        ToolConsole.Note(account.Text(listed: false));
        return ml.Data.LoadFromEnumerable(account.Readable);
    }

    private sealed class Reports(ProgressView view, int most) : IProgress<TuningCandidate>
    {
        private int _done;

        public void Report(TuningCandidate value) => view.Report(++_done, most, string.Create(
            CultureInfo.InvariantCulture, $"candidate {_done} of at most {most}: {value.Change}, distance {value.Distance:g5}"));
    }
}
