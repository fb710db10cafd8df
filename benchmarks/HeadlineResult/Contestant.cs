using GMem;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Training;
using HeadlineResult.Encoders;
using TorchSharp;

namespace HeadlineResult;

/// <summary>A way to condition the network.</summary>
/// <param name="Name">As it is called in the results.</param>
/// <param name="Conditions">What the network is given, for a dropout of snippets.</param>
/// <param name="Encoder">Fits the encoder to training images, by seed; null without memory.</param>
internal sealed record Contestant(
    string Name, Func<double, IReadOnlyList<Condition>> Conditions, Func<torch.Tensor, int, SnippetEncoder>? Encoder)
{
    /// <summary>Whether it is trained with the first seed only, whatever the number of seeds.</summary>
    public bool OneSeedOnly { get; init; }

    /// <summary>What differs from the protocol besides.</summary>
    public Action<GMemOptions> Change { get; init; } = _ => { };

    public static IEnumerable<Contestant> All(Protocol protocol) =>
    [
        new Contestant("SiT", _ => [], null),
        new Contestant("SiT with labels", _ => [new LabelCondition()], null) { OneSeedOnly = true },
        .. protocol.Encoders.Select((name, i) => WithMemory(name, protocol) with { OneSeedOnly = i > 0 }),
    ];

    /// <summary>GMem with an encoder.</summary>
    public static Contestant WithMemory(string encoder, Protocol protocol) =>
        new($"GMem, {encoder}{(protocol.SourceNoise is { } scale ? $", centred {scale}" : "")}",
            dropout => [new SnippetCondition { Dropout = dropout }],
            (images, seed) => Fit(encoder, images, protocol.SnippetDimension, seed))
        {
            Change = o => o.Training.Source = protocol.SourceNoise is { } noise ? new CentredSource { NoiseScale = noise } : null,
        };

    /// <summary>Fits an encoder, by its name, to training images.</summary>
    public static SnippetEncoder Fit(string encoder, torch.Tensor images, int dimension, int seed) => encoder switch
    {
        "pca" => PcaEncoder.Fit(images, dimension),
        "whitened" => WhitenedPcaEncoder.Fit(images, dimension, 1),
        "patches" => PatchEncoder.Fit(images, dimension, seed),
        "contrastive" => ContrastiveEncoder.Fit(images, dimension, seed),
        _ when encoder.Split('-') is ["contrastive", string count] && int.TryParse(count, out int steps) =>
            ContrastiveEncoder.Fit(images, dimension, seed, steps),
        _ => throw new ArgumentException(
            $"There is no encoder '{encoder}'; known are pca, whitened, patches, contrastive, and contrastive-N for N steps of its "
                + "training."),
    };
}
