using System.Globalization;
using System.Text.Json;
using GMem.Backbone;
using GMem.Training;

namespace HeadlineResult.Runs;

/// <summary>One long training: what decides its numbers, and how far it goes. Written into its folder, where the judge reads it.</summary>
internal sealed record RunPlan
{
    private const string Prefix = "gmem-";

    /// <summary><c>sit</c>, <c>sit-labels</c>, or <c>gmem-</c> and an encoder.</summary>
    public required string Contestant { get; init; }

    /// <summary>A published size (S, B, ...) with the given patch; null for the given width and depth.</summary>
    public string? Preset { get; init; }

    public int Patch { get; init; }

    public int Width { get; init; }

    public int Depth { get; init; }

    public double LearningRate { get; init; }

    public int WarmUp { get; init; }

    /// <summary>Whether the rate falls as a cosine over the whole run, which then has one stage, its end. Constant otherwise.</summary>
    public bool IsCosine { get; init; }

    public int BatchSize { get; init; }

    public int Seed { get; init; }

    public double SnippetDropout { get; init; }

    public int SnippetDimension { get; init; }

    /// <summary>Scale of the noise of a source that is centred by the snippet; null for N(0, I).</summary>
    public double? SourceNoise { get; init; }

    /// <summary>
    /// The stage of the same run without a flow map from which this one starts, to train a flow map; null trains from random weights.
    /// </summary>
    public int? FlowMapFrom { get; init; }

    public int Steps { get; init; }

    /// <summary>Steps at which the model is kept.</summary>
    public required IReadOnlyList<int> Stages { get; init; }

    public string? Encoder => Contestant.StartsWith(Prefix, StringComparison.Ordinal) ? Contestant[Prefix.Length..] : null;

    private IReadOnlyList<Condition> Conditions => Contestant switch
    {
        "sit" => [],
        "sit-labels" => [new LabelCondition()],
        _ when Encoder is not null => [new SnippetCondition { Dropout = SnippetDropout }],
        _ => throw new ArgumentException($"There is no contestant '{Contestant}'; known are sit, sit-labels, and gmem-ENCODER."),
    };

    /// <summary>Name of its folder. It contains no number of steps where a shorter run is the beginning of a longer one.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{Contestant}-{Size}-lr{LearningRate}-b{BatchSize}-s{Seed}")
        + (IsCosine ? $"-cosine{Steps}" : "")
        + (Encoder is null ? "" : string.Create(CultureInfo.InvariantCulture, $"-m{SnippetDimension}-drop{SnippetDropout}"))
        + (SourceNoise is null ? "" : string.Create(CultureInfo.InvariantCulture, $"-centred{SourceNoise}"))
        + (FlowMapFrom is null ? "" : string.Create(CultureInfo.InvariantCulture, $"-map{FlowMapFrom}"));

    private string Size => Preset is null ? $"p{Patch}-w{Width}-d{Depth}" : $"{Preset}-p{Patch}";

    public static RunPlan From(Arguments arguments)
    {
        int steps = arguments.Number("--steps", 30_000);
        bool isCosine = arguments.Text("--schedule", "constant") switch
        {
            "constant" => false,
            "cosine" => true,
            string other => throw new ArgumentException($"There is no schedule '{other}'; known are constant and cosine."),
        };
        string stages = arguments.Text("--stages", "400,700,1000,1500,2000,3000,5000,7500,10000,15000,20000,30000");
        return new RunPlan
        {
            Contestant = arguments.Text("--contestant", "sit"),
            Preset = arguments.Text("--preset", "") is { Length: > 0 } preset ? preset : null,
            Patch = arguments.Number("--patch", 4),
            Width = arguments.Number("--width", 128),
            Depth = arguments.Number("--depth", 4),
            LearningRate = arguments.Number("--learning-rate", 2e-3),
            WarmUp = arguments.Number("--warm-up", 100),
            IsCosine = isCosine,
            BatchSize = arguments.Number("--batch", 64),
            Seed = arguments.Number("--seed", 1),
            SnippetDropout = arguments.Number("--dropout", 0.05),
            SnippetDimension = arguments.Number("--snippet-dimension", 128),
            SourceNoise = SourceNoiseOf(arguments),
            FlowMapFrom = arguments.Number("--flow-map-from", 0) is > 0 and int stage ? stage : null,
            Steps = steps,
            Stages = isCosine
                ? [steps]
                : [.. stages.Split(',').Select(s => int.Parse(s, CultureInfo.InvariantCulture)).Where(s => s < steps), steps],
        };
    }

    /// <summary>What <c>--source</c> and <c>--source-noise</c> say.</summary>
    public static double? SourceNoiseOf(Arguments arguments) => arguments.Text("--source", "noise") switch
    {
        "noise" => null,
        "centred" => arguments.Number("--source-noise", new CentredSource().NoiseScale),
        string other => throw new ArgumentException($"There is no source '{other}'; known are noise and centred."),
    };

    public static RunPlan Read(string path) =>
        JsonSerializer.Deserialize<RunPlan>(File.ReadAllText(path)) ?? throw new InvalidDataException($"'{path}' holds no plan of a run.");

    public SiTOptions Network()
    {
        SiTOptions network = Preset is null
            ? new SiTOptions { PatchSize = Patch, HiddenSize = Width, Depth = Depth, HeadCount = Math.Max(1, Width / 32) }
            : SiTOptions.FromPreset(SiTPreset.Find(Preset), patchSize: Patch);
        network = network with { Conditions = Conditions };
        return network;
    }

    public TrainingOptions Training() => new()
    {
        BatchSize = BatchSize,
        LearningRate = LearningRate,
        LearningRateSchedule = IsCosine ? LearningRateSchedule.Cosine : LearningRateSchedule.Constant,
        WarmUpSteps = WarmUp,
        Seed = Seed,
        Source = SourceNoise is { } noise ? new CentredSource { NoiseScale = noise } : null,
        FlowMap = FlowMapFrom is null ? null : new FlowMapOptions(),
        SampleEveryNStep = 0,
    };
}
