using GMem;
using GMem.Backbone;
using GMem.Encoders;
using HeadlineResult.Encoders;
using TorchSharp;

namespace HeadlineResult;

/// <summary>A way to condition the network.</summary>
/// <param name="Name">As it is called in the results.</param>
/// <param name="Condition">What the network is given.</param>
/// <param name="Encoder">Fits the encoder to training images, by seed; null without memory.</param>
internal sealed record Contestant(string Name, ConditionKind Condition, Func<torch.Tensor, int, SnippetEncoder>? Encoder)
{
    /// <summary>Whether it is trained with the first seed only, whatever the number of seeds.</summary>
    public bool OneSeedOnly { get; init; }

    /// <summary>What differs from the protocol besides.</summary>
    public Action<GMemOptions> Change { get; init; } = _ => { };

    public static IEnumerable<Contestant> All(Protocol protocol) =>
    [
        new Contestant("SiT", ConditionKind.None, null),
        new Contestant("SiT with labels", ConditionKind.Label, null) { OneSeedOnly = true },
        .. protocol.Encoders.Select((name, i) => WithMemory(name, protocol) with { OneSeedOnly = i > 0 }),
    ];

    /// <summary>GMem with an encoder.</summary>
    public static Contestant WithMemory(string encoder, Protocol protocol) => new($"GMem, {encoder}", ConditionKind.Snippet, encoder switch
    {
        "pca" => (images, _) => PcaEncoder.Fit(images, protocol.SnippetDimension),
        "whitened" => (images, _) => WhitenedPcaEncoder.Fit(images, protocol.SnippetDimension, 1),
        "patches" => (images, seed) => PatchEncoder.Fit(images, protocol.SnippetDimension, seed),
        "contrastive" => (images, seed) => ContrastiveEncoder.Fit(images, protocol.SnippetDimension, seed),
        _ when encoder.Split('-') is ["contrastive", string count] && int.TryParse(count, out int steps) => (images, seed) => ContrastiveEncoder.Fit(images, protocol.SnippetDimension, seed, steps),
        _ => throw new ArgumentException($"There is no encoder '{encoder}'; known are pca, whitened, patches, contrastive, and contrastive-N for N steps of its training."),
    });
}
