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
    private readonly Lazy<string> _fingerprint;

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
        _fingerprint = new(() =>
        {
            using CacheKey key = new();
            key.Add(network.StateDictTensors());
            return key.Finish();
        });
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

    /// <summary>What was added to the network, how strongly, and the core without it, of which this holds a use; null for none.</summary>
    public (LowRankAdapter Adapter, double Strength, ModelCore Plain)? Adapter { get; private init; }

    /// <summary>The core without an adapter.</summary>
    public ModelCore Plain => Adapter?.Plain ?? this;

    /// <summary>The core of a plain one with an adapter. It shares the weights that are not adapted.</summary>
    /// <exception cref="ArgumentException">The adapter is for another network.</exception>
    public ModelCore WithAdapter(LowRankAdapter adapter, double strength) =>
        new(adapter.Merge(Network, Fingerprint, strength), Transport, Encoder, Autoencoder, Source, ImageShape, Device)
        {
            Outcome = Outcome,
            Integrity = Integrity,
            Adapter = (adapter, strength, Share()),
        };

    /// <summary>SHA-256 of the network's names and weights. Computed once, while the core is in use.</summary>
    public string Fingerprint => _fingerprint.Value;

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
        Adapter?.Plain.Uses.Remove();
    }
}
