using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Parts;
using GMem.Training;
using GMem.Transport;

namespace GMem;

/// <summary>
/// What models that differ only in their bank or in how they sample have in common. Counted: it is freed when the last of
/// them is disposed. Encoder and autoencoder are shared with whoever made them, who disposes them as well.
/// </summary>
internal sealed class ModelCore(
    SiT network,
    FlowTransport transport,
    SnippetEncoder? encoder,
    ImageAutoencoder autoencoder,
    RidgeSource? source,
    int imageSize,
    torch.Device device)
{
    private int _users = 1;

    public SiT Network { get; } = network;

    public FlowTransport Transport { get; } = transport;

    public SnippetEncoder? Encoder { get; } = Use(encoder);

    public ImageAutoencoder Autoencoder { get; } = Use(autoencoder)!;

    /// <summary>What the flow starts from; null for N(0, I).</summary>
    public RidgeSource? Source { get; } = Use(source);

    public int ImageSize { get; } = imageSize;

    public torch.Device Device { get; } = device;

    /// <summary>How the training ended.</summary>
    public TrainingOutcome Outcome { get; init; }

    /// <summary>Whether the file that it was loaded from carried hashes.</summary>
    public FileIntegrity Integrity { get; init; }

    /// <summary>False where the network is someone else's and outlives this. Default true.</summary>
    public bool OwnsNetwork { get; init; } = true;

    /// <summary>The same with another network, which it owns.</summary>
    public ModelCore WithNetwork(SiT other) => new(other, Transport, Encoder, Autoencoder, Source, ImageSize, Device) { Outcome = Outcome };

    public ModelCore Share()
    {
        _ = Interlocked.Increment(ref _users);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            if (OwnsNetwork)
            {
                Network.Dispose();
            }

            Encoder?.Release();
            Autoencoder.Release();
            Source?.Release();
        }
    }

    private static T? Use<T>(T? part)
        where T : SharedModelPart
    {
        part?.AddUse();
        return part;
    }
}
