using GMem;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Transport;
using HeadlineResult.Encoders;

namespace HeadlineResult;

/// <summary>A training that differs from the protocol's in one setting.</summary>
/// <param name="Name">The setting and its value.</param>
/// <param name="Contestant">The training.</param>
internal sealed record Setting(string Name, Contestant Contestant)
{
    private const string Encoder = "pca";

    public static IEnumerable<Setting> All(Protocol protocol)
    {
        Setting With(string name, Action<GMemOptions> change) => new(name, Contestant.WithMemory(Encoder, protocol) with { Change = change });
        yield return With("snippet dropout 0", o => o.Network.SnippetDropout = 0);
        yield return With("snippet dropout 0.4, the public value", o => o.Network.SnippetDropout = 0.4);
        yield return With("snippet scale 1, the public value", o => o.SnippetScale = 1);
        yield return With("whitened components", _ => { }).Fitted((images, _) => WhitenedPcaEncoder.Fit(images, protocol.SnippetDimension, 1));
        yield return With("adaLN initialised as in the public GMem code", o => o.Network.Initialisation = SiTInitialisation.PublicGMem);
        yield return With("times logit-normal", o => o.Training.TimeDistribution = TimeDistribution.LogitNormal());
        yield return With("cosine loss 1", o => o.Training.CosineLossWeight = 1);
        yield return With("projection loss 0.5, on patch features", o => o.Network.ProjectionSize = PatchEncoder.TokenWidth)
            .Fitted((images, seed) => new EncoderWithTokens(PcaEncoder.Fit(images, protocol.SnippetDimension), PatchEncoder.Fit(images, protocol.SnippetDimension, seed)));
    }

    private Setting Fitted(Func<TorchSharp.torch.Tensor, int, SnippetEncoder> encoder) => this with { Contestant = Contestant with { Encoder = encoder } };
}
