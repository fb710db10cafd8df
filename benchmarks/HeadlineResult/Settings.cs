using GMem;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Training;
using GMem.Transport;
using HeadlineResult.Encoders;
using TorchSharp;

namespace HeadlineResult;

/// <summary>Trainings that differ from the protocol's in one setting, which is their name.</summary>
internal static class Settings
{
    /// <summary>The public 2048 would make a step of the small network several times as long.</summary>
    private const int ProjectorWidth = 256;

    /// <summary>None differs.</summary>
    public static Contestant Usual(Protocol protocol) => Contestant.WithMemory("pca", protocol);

    public static Contestant PublicDropout(Protocol protocol) =>
        With(protocol, "snippet dropout 0.4, the public value", o => o.Network = o.Network with { Conditions = [new SnippetCondition { Dropout = 0.4 }] });

    public static IEnumerable<Contestant> Others(Protocol protocol) =>
    [
        With(protocol, "snippet dropout 0", o => o.Network = o.Network with { Conditions = [new SnippetCondition { Dropout = 0 }] }),
        With(protocol, "snippet scale 1, the public value",
            o => o.Network = o.Network with { Conditions = [new SnippetCondition { Dropout = protocol.SnippetDropout, Scale = 1 }] }),
        Encoded(protocol, "whitened components", (images, _) => WhitenedPcaEncoder.Fit(images, protocol.SnippetDimension, 1)),
        With(protocol, "adaLN initialised as in the public GMem code", o => o.Network = o.Network with { Initialisation = SiTInitialisation.PublicGMem }),
        With(protocol, "times logit-normal", o => o.Training.TimeDistribution = TimeDistribution.LogitNormal()),
        With(protocol, "cosine loss 1", o => o.Training.Losses = [new VelocityLoss(), new CosineLoss()]),
        With(protocol, $"projection loss 0.5 on patch features, projector {ProjectorWidth} wide",
            o => o.Network = o.Network with { ProjectionSize = PatchEncoder.TokenWidth, ProjectorHiddenSize = ProjectorWidth }) with
        {
            Encoder = (images, seed) => new EncoderWithTokens(
                PcaEncoder.Fit(images, protocol.SnippetDimension), PatchEncoder.Fit(images, protocol.SnippetDimension, seed)),
        },
    ];

    private static Contestant With(Protocol protocol, string name, Action<GMemOptions> change) =>
        Usual(protocol) with { Name = name, Change = change };

    private static Contestant Encoded(Protocol protocol, string name, Func<torch.Tensor, int, SnippetEncoder> encoder) =>
        Usual(protocol) with { Name = name, Encoder = encoder };
}
