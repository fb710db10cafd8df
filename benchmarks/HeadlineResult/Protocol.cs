using System.Globalization;
using GMem.Backbone;
using GMem.Sampling;
using HeadlineResult.Runs;

namespace HeadlineResult;

/// <summary>
/// What is fixed beforehand and the same for all: data, network, budget, sampler, number of samples, the rule that draws snippets (the
/// seed's noise, uniform).
/// </summary>
internal sealed record Protocol
{
    public required string Images { get; init; }

    public required string HeldOut { get; init; }

    /// <summary>"headline", or "settings".</summary>
    public required string Part { get; init; }

    public required string Output { get; init; }

    public required IReadOnlyList<string> Encoders { get; init; }

    public int TrainingImages { get; init; }

    public int Steps { get; init; }

    public int BatchSize { get; init; }

    public int Samples { get; init; }

    public int Seeds { get; init; }

    public int SnippetDimension { get; init; }

    /// <summary>Scale of the noise of a source that is centred by the snippet, for all with memory; null for N(0, I).</summary>
    public double? SourceNoise { get; init; }

    /// <summary>
    /// Part of the names of those to train, to share the work among processes; the page is written by a run with all, which finds their
    /// curves. Null for all.
    /// </summary>
    public string? Only { get; init; }

    /// <summary>
    /// Folder that keeps finished curves, so that a run that was stopped, or is given more seeds, trains only what is missing.
    /// </summary>
    public required string Curves { get; init; }

    /// <summary>Shares of the budget at which models are judged.</summary>
    public required IReadOnlyList<double> Stages { get; init; }

    public required string Preset { get; init; }

    public static Protocol From(Arguments arguments) => new()
    {
        Images = arguments.Text("--images", "../shared/data/cifar10-train.zip"),
        HeldOut = arguments.Text("--held-out", "../shared/data/cifar10-test.zip"),
        Part = arguments.Text("--part", "headline"),
        Output = arguments.Text("--output", "docs"),
        Encoders = arguments.Text("--encoders", "pca,patches,contrastive").Split(','),
        Only = arguments.Text("--only", "") is { Length: > 0 } only ? only : null,
        Curves = arguments.Text("--curves", "artifacts/headline-result"),
        TrainingImages = arguments.Number("--training-images", 50_000),
        Steps = arguments.Number("--steps", 1000),
        BatchSize = arguments.Number("--batch", 64),
        Samples = arguments.Number("--samples", 1000),
        Seeds = arguments.Number("--seeds", 1),
        SnippetDimension = arguments.Number("--snippet-dimension", 128),
        SourceNoise = RunPlan.SourceNoiseOf(arguments),
        Stages = [.. arguments.Text("--stages", "0.1,0.2,0.35,0.5,0.75,1").Split(',').Select(
            s => double.Parse(s, CultureInfo.InvariantCulture))],
        Preset = arguments.Text("--preset", "small"),
    };

    public double SnippetDropout => 0.05;

    public double LearningRate => 2e-3;

    /// <summary>At which steps a contestant is judged; one with a single seed at every other, for it costs as much as training.</summary>
    public IReadOnlyList<int> StageSteps(Contestant contestant)
    {
        int[] all = [.. Stages.Select(s => Math.Max(1, (int)(s * Steps))).Distinct()];
        return contestant.OneSeedOnly ? [.. all.Where((_, i) => (all.Length - i) % 2 == 1)] : all;
    }

    /// <summary>Heun with 10 steps: 20 evaluations of the network an image.</summary>
    public SamplingOptions Sampling { get; } = new() { Steps = 10 };

    public SiTOptions Network()
    {
        SiTOptions network = Preset == "small"
            ? new SiTOptions { PatchSize = 4, HiddenSize = 128, Depth = 4, HeadCount = 4 }
            : SiTOptions.FromPreset(SiTPreset.Find(Preset), patchSize: 2);
        return network;
    }

    public override string ToString()
    {
        SiTOptions network = Network();
        return string.Create(CultureInfo.InvariantCulture,
            $"network {network.HiddenSize} wide, {network.Depth} deep, patches of {network.PatchSize}; {Steps} steps of {BatchSize} "
                + $"images, learning rate {LearningRate}; {Samples} samples, Heun {Sampling.Steps} steps (20 evaluations)");
    }
}
