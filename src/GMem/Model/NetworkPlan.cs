using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Images;
using GMem.Parts;
using GMem.Sampling;
using GMem.Training;

namespace GMem;

/// <summary>What options and an initial model decide together, before any data are encoded.</summary>
/// <param name="options">The options.</param>
/// <param name="imageChannels">Channels of the images; of latents, which need an autoencoder, any.</param>
internal sealed class NetworkPlan(GMemOptions options, int imageChannels = ImageShape.Rgb)
{
    /// <summary>The network to be trained; what the data decide is not set yet.</summary>
    public SiTOptions Network { get; } = Shape(options);

    /// <summary>The user's encoder, or the initial model's; null has one fitted to the images where snippets are wanted.</summary>
    public SnippetEncoder? Encoder { get; } = options.Encoder ?? options.InitialModel?.Encoder;

    public ImageAutoencoder Autoencoder { get; } =
        options.Autoencoder ?? options.InitialModel?.Autoencoder ?? new PixelAutoencoder(imageChannels);

    /// <summary>Known statistics of latents: a network that was trained on latents normalised so must go on with them.</summary>
    public LatentStatistics? Statistics =>
        Autoencoder.Statistics
        ?? (options.InitialModel?.Autoencoder is { } initial && initial.Channels == Autoencoder.Channels ? initial.Statistics : null);

    public bool UsesSnippets => Network.Conditions.Any(c => c.UsesSnippets);

    /// <exception cref="ArgumentException">The options sample by a flow map, and the network is none.</exception>
    public static void RequireSampling(SamplingOptions sampling, SiTOptions network)
    {
        if (sampling.Kind == SamplerKind.FlowMap && !network.IsFlowMap)
        {
            throw new ArgumentException(
                $"Sampling.{nameof(SamplingOptions.Kind)} is {nameof(SamplerKind.FlowMap)}, but the model is no flow map: train it with "
                    + $"Training.{nameof(TrainingOptions.FlowMap)}, or set it to {nameof(SamplerKind.Ode)} or {nameof(SamplerKind.Sde)}.");
        }
    }

    /// <summary>The network's conditions, completed from the data.</summary>
    public IReadOnlyList<Condition> Conditions(ConditionData data)
    {
        IReadOnlyList<Condition> initial = options.InitialModel?.Core.Network.Conditions ?? [];
        return
        [
            .. Network.Conditions.Select(c =>
            {
                Condition? known = initial.FirstOrDefault(i => i.Kind.Name == c.Kind.Name);
                Condition wanted = options.Network.Conditions.FirstOrDefault(o => o.Kind.Name == c.Kind.Name) ?? c;
                return wanted.Complete(data, known);
            }),
        ];
    }

    /// <summary>Whether a term of the loss, such as the projection loss, compares patch tokens.</summary>
    public bool UsesTokens => Network.ProjectionSize > 0 && options.Training.UsesPatchTokens;

    /// <summary>The network with its input set to latents of images of a shape.</summary>
    /// <exception cref="ArgumentException">The autoencoder is for images of other channels.</exception>
    public SiTOptions NetworkFor(ImageShape images)
    {
        if (images.Channels != Autoencoder.ImageChannels)
        {
            throw new ArgumentException(
                $"The images have {images.Channels} channels, but the autoencoder '{Autoencoder.Kind.Name}' is for images of "
                    + $"{Autoencoder.ImageChannels}; convert the images, or leave Autoencoder (and InitialModel) null.");
        }

        int factor = Autoencoder.DownsamplingFactor;
        return Network.WithInput(Autoencoder.Channels, images.Height / factor, images.Width / factor);
    }

    /// <summary>Keeps the parts alive until a model has them, whatever the user does with theirs.</summary>
    /// <param name="owned">Where the handles are noted, to be disposed.</param>
    /// <exception cref="ObjectDisposedException">One was freed before.</exception>
    public void Hold(List<IDisposable> owned)
    {
        foreach (SharedModelPart? part in new SharedModelPart?[] { Encoder, Autoencoder })
        {
            owned.AddRange(part is null ? [] : [part.NewHandle()]);
        }
    }

    /// <summary>The handle on the autoencoder that the model keeps.</summary>
    /// <param name="statistics">What its latents are normalised by; not used where it takes none.</param>
    /// <param name="owned">Where a new handle is noted, to be disposed.</param>
    public ImageAutoencoder Normalised(LatentStatistics? statistics, List<IDisposable> owned)
    {
        if (!Autoencoder.NormalizesLatents)
        {
            return Autoencoder;
        }

        ImageAutoencoder handle = Autoencoder.WithStatistics(statistics);
        owned.Add(handle);
        return handle;
    }

    /// <exception cref="ArgumentException">The encoder has no patch tokens, or not of the projector's width.</exception>
    public void RequireTokens(SnippetEncoder? encoder)
    {
        if (!UsesTokens)
        {
            return;
        }

        if (encoder is null || encoder.PatchTokenDimension == 0)
        {
            throw new ArgumentException(
                $"The projection loss (Network.ProjectionSize = {Network.ProjectionSize}) needs an encoder with patch tokens: set "
                    + "Encoder to one such as DINOv2, "
                + "or take the loss out of Training.Losses.");
        }

        if (encoder.PatchTokenDimension != Network.ProjectionSize)
        {
            throw new ArgumentException(
                $"Network.ProjectionSize is {Network.ProjectionSize}, but the encoder's patch tokens have {encoder.PatchTokenDimension} "
                    + "entries; set it to that.");
        }
    }

    private static SiTOptions Shape(GMemOptions options)
    {
        SiTOptions network = options.InitialModel is { } initial
            ? initial.Core.Network.Options with { ActivationCheckpointing = options.Network.ActivationCheckpointing }
            : options.Network;
        if (options.Training.Source is not null)
        {
            _ = RidgeFit.SnippetIndex(network.Conditions);
        }

        network = WithTargetTime(network, options);
        RequireSampling(options.Sampling, network);
        if (options.Training.Augmentation is not null && !network.Conditions.Any(c => c is AugmentationCondition))
        {
            AugmentationCondition told = new() { Size = PictureTransform.ParameterCount };
            network = network with { Conditions = [.. network.Conditions, told] };
        }

        return network;
    }

    /// <summary>A network that goes on without a flow map becomes a velocity field again, of the same weights.</summary>
    private static SiTOptions WithTargetTime(SiTOptions network, GMemOptions options)
    {
        bool isTrained = options.Training.FlowMap is not null;
        return isTrained || options.InitialModel is not null || !network.IsFlowMap
            ? network with { IsFlowMap = isTrained }
            : throw new ArgumentException(
                $"Network.{nameof(SiTOptions.IsFlowMap)} is true, but nothing would train it as one: set "
                    + $"Training.{nameof(TrainingOptions.FlowMap)}.");
    }
}
