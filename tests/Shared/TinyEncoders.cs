using GMem.Autoencoders;
using GMem.Encoders.DinoV2;

namespace GMem.Tests.Shared;

/// <summary>Random networks of the official layouts, small enough for a test.</summary>
public static class TinyEncoders
{
    public const int TokenWidth = 16;

    /// <summary>Two pixels a cell, four channels.</summary>
    public static KlAutoencoder Kl(long seed = 1) => KlAutoencoder.CreateRandom(
        new KlAutoencoderOptions { BaseChannels = 32, ChannelMultipliers = [1, 1], ResidualBlocks = 1 }, seed);

    public static DinoV2Encoder DinoV2(long seed = 2) => DinoV2Encoder.CreateRandom(
        new DinoV2Options { EmbedDim = TokenWidth, Depth = 1, Heads = 2, MlpRatio = 2 }, seed);
}
