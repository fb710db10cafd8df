using GMem.Autoencoders;
using GMem.Encoders;
using GMem.Encoders.DinoV2;
using TorchSharp;

namespace LatentImages;

/// <summary>
/// The two frozen networks: those of the files named, or tiny random ones of the same layouts, so that the whole path runs without a
/// download.
/// </summary>
internal sealed class Networks : IDisposable
{
    public Networks(Settings settings, torch.Device device)
    {
        Autoencoder = settings.Autoencoder is { } autoencoder
            ? ImageAutoencoder.Kl(autoencoder, device)
            : TinyAutoencoder(settings.Seed, device);
        try
        {
            Encoder = settings.Encoder is { } encoder ? SnippetEncoder.DinoV2(encoder, device) : TinyEncoder(settings.Seed, device);
        }
        catch
        {
            Autoencoder.Dispose();
            throw;
        }
    }

    public KlAutoencoder Autoencoder { get; }

    public DinoV2Encoder Encoder { get; }

    public void Dispose()
    {
        Autoencoder.Dispose();
        Encoder.Dispose();
    }

    /// <summary>As SD-VAE: 8 x 8 pixels a cell, 4 channels. What it decodes is noise, as its weights are.</summary>
    private static KlAutoencoder TinyAutoencoder(int seed, torch.Device device) => KlAutoencoder.CreateRandom(
        new KlAutoencoderOptions { BaseChannels = 32, ChannelMultipliers = [1, 1, 1, 1], ResidualBlocks = 1 }, seed, device);

    private static DinoV2Encoder TinyEncoder(int seed, torch.Device device) => DinoV2Encoder.CreateRandom(
        new DinoV2Options { EmbedDim = 32, Depth = 2, Heads = 2 }, seed, device);
}
