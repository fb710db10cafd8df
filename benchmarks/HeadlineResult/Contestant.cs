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
    public static IEnumerable<Contestant> All(Protocol protocol)
    {
        yield return new Contestant("SiT", ConditionKind.None, null);
        yield return new Contestant("SiT with labels", ConditionKind.Label, null);
        foreach (string name in protocol.Encoders)
        {
            yield return new Contestant($"GMem, {name}", ConditionKind.Snippet, name switch
            {
                "pca" => (images, _) => PcaEncoder.Fit(images, protocol.SnippetDimension),
                "patches" => (images, seed) => PatchEncoder.Fit(images, protocol.SnippetDimension, seed),
                "contrastive" => (images, seed) => ContrastiveEncoder.Fit(images, protocol.SnippetDimension, seed),
                _ => throw new ArgumentException($"There is no encoder '{name}'; known are pca, patches and contrastive."),
            });
        }
    }
}
