using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Images;
using GMem.Parts;
using GMem.Sampling;
using GMem.Training;
using GMem.Transport;

namespace GMem;

/// <summary>
/// What models that differ only in their bank or in how they sample have in common. Counted: it is freed when the last of
/// them is disposed. Encoder and autoencoder are shared with whoever made them, who disposes them as well.
/// </summary>
internal sealed class ModelCore
{
    public ModelCore(
        SiT network,
        FlowTransport transport,
        SnippetEncoder? encoder,
        ImageAutoencoder autoencoder,
        RidgeSource? source,
        ImageShape imageShape,
        torch.Device device)
    {
        (Network, Transport, Encoder, Autoencoder, Source) = (network, transport, encoder, autoencoder, source);
        (ImageShape, Device) = (imageShape, device);
        Uses = new UseCount(nameof(GMemModel), Free);
        autoencoder.AddUse();
        encoder?.AddUse();
        source?.AddUse();
    }

    /// <summary>One for each model, and one for each operation in progress.</summary>
    public UseCount Uses { get; }

    public SiT Network { get; }

    public FlowTransport Transport { get; }

    public SnippetEncoder? Encoder { get; }

    public ImageAutoencoder Autoencoder { get; }

    /// <summary>What the flow starts from; null for N(0, I).</summary>
    public RidgeSource? Source { get; }

    public ImageShape ImageShape { get; }

    public torch.Device Device { get; }

    /// <summary>Shape of one image as the network sees it, C, h, w.</summary>
    public long[] LatentShape => Network.Options.InputShape;

    /// <summary>The network's prediction, for embedded conditions; of a flow map, the velocity.</summary>
    public torch.Tensor Velocity(torch.Tensor x, torch.Tensor t, torch.Tensor? embedding) => Network.ForwardEmbedded(x, t, embedding);

    /// <summary>The mean velocity from the state's time to another, as a flow map knows it.</summary>
    public NetworkFunction MeanVelocity(double target) =>
        (x, t, embedding) => Network.ForwardEmbedded(x, t, embedding, x.Filled(x.shape[0], target));

    /// <summary>How the training ended.</summary>
    public TrainingOutcome Outcome { get; init; }

    /// <summary>Whether the file that it was loaded from carried hashes.</summary>
    public FileIntegrity Integrity { get; init; }

    /// <summary>False where the network is someone else's and outlives this. Default true.</summary>
    public bool OwnsNetwork { get; init; } = true;

    /// <summary>The same with another network, which it owns.</summary>
    public ModelCore WithNetwork(SiT other) =>
        new(other, Transport, Encoder, Autoencoder, Source, ImageShape, Device) { Outcome = Outcome };

    public ModelCore Share()
    {
        Uses.Add();
        return this;
    }

    private void Free()
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
