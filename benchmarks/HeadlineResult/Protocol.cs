using GMem.Backbone;
using GMem.Sampling;

namespace HeadlineResult;

/// <summary>What is fixed beforehand and the same for all: data, network, budget, sampler, number of samples, the rule that draws snippets (the seed's noise, uniform).</summary>
internal sealed record Protocol
{
    /// <summary>Shares of the budget at which models are judged.</summary>
    private static readonly double[] Stages = [0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1];

    public required string Images { get; init; }

    public required string HeldOut { get; init; }

    public required string Output { get; init; }

    public required IReadOnlyList<string> Encoders { get; init; }

    public int TrainingImages { get; init; }

    public int Steps { get; init; }

    public int BatchSize { get; init; }

    public int Samples { get; init; }

    public int Seeds { get; init; }

    public int SnippetDimension { get; init; }

    public required string Preset { get; init; }

    public static Protocol From(Arguments arguments) => new()
    {
        Images = arguments.Text("--images", "../shared/data/cifar10-train.zip"),
        HeldOut = arguments.Text("--held-out", "../shared/data/cifar10-test.zip"),
        Output = arguments.Text("--output", "docs"),
        Encoders = arguments.Text("--encoders", "pca,patches,contrastive").Split(','),
        TrainingImages = arguments.Number("--training-images", 50_000),
        Steps = arguments.Number("--steps", 1500),
        BatchSize = arguments.Number("--batch", 64),
        Samples = arguments.Number("--samples", 1000),
        Seeds = arguments.Number("--seeds", 1),
        SnippetDimension = arguments.Number("--snippet-dimension", 128),
        Preset = arguments.Text("--preset", "small"),
    };

    public IEnumerable<int> StageSteps => Stages.Select(s => Math.Max(1, (int)(s * Steps))).Distinct();

    /// <summary>Heun with 10 steps: 20 evaluations of the network an image.</summary>
    public SamplingOptions Sampling { get; } = new() { Steps = 10 };

    public SiTOptions Network()
    {
        SiTOptions network = Preset == "small"
            ? new SiTOptions { PatchSize = 4, HiddenSize = 128, Depth = 4, HeadCount = 4 }
            : SiTOptions.FromPreset(SiTPreset.Find(Preset), patchSize: 2);
        network.SnippetDropout = 0.05;
        return network;
    }

    public override string ToString()
    {
        SiTOptions network = Network();
        return $"network {network.HiddenSize} wide, {network.Depth} deep, patches of {network.PatchSize}; {Steps} steps of {BatchSize}; {Samples} samples, Heun {Sampling.Steps} steps (20 evaluations); {Seeds} seed(s)";
    }
}
