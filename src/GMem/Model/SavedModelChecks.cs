using System.Runtime.InteropServices;
using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Images;
using GMem.Memory;
using GMem.Training;
using GMem.Transport;

namespace GMem;

/// <summary>Whether what a saved model says fits its tensors. Asked before anything is built, so that a damaged description costs neither
/// memory nor time.</summary>
internal static class SavedModelChecks
{
    /// <exception cref="InvalidDataException">A part is missing or out of range.</exception>
    public static void Require(ModelDescription description) => AsDamage(() =>
    {
        OptionFaults faults = new("model.json");
        faults.Require(description.Network is not null, "network", null, "there");
        faults.Require(description.Sampling is not null, "sampling", null, "there");
        faults.Require(description.Autoencoder is not null, "autoencoder", null, "there");
        faults.Require(Enum.IsDefined(description.Path), "path", description.Path, "a known one");
        faults.Require(Enum.IsDefined(description.Prediction), "prediction", description.Prediction, "a known one");
        faults.Require(Enum.IsDefined(description.LossWeighting), "lossWeighting", description.LossWeighting, "a known one");
        faults.Throw();
        description.Network!.Validate();
        description.Sampling!.Validate();
        NetworkPlan.RequireSampling(description.Sampling, description.Network);
    });

    /// <summary>That the network described is the one whose tensors these are.</summary>
    /// <exception cref="InvalidDataException">It is another; the message names all tensors that do not fit.</exception>
    public static void Require(SiTOptions options, IReadOnlyDictionary<string, TensorShape> tensors, string source)
    {
        // Of a size that is not there even the shapes alone would take for ever.
        bool plausible = options.Depth <= tensors.Count
            && tensors.TryGetValue("x_embedder.proj.weight", out TensorShape patches)
            && patches.Sizes.SequenceEqual([options.HiddenSize, options.InputChannels, options.PatchSize, options.PatchSize])
            && tensors.TryGetValue("pos_embed", out TensorShape positions)
            && positions.Sizes.SequenceEqual([1, options.TokenCount, options.HiddenSize]);
        if (!plausible)
        {
            throw new InvalidDataException(
                $"The model is damaged: '{source}' does not hold the network that its description speaks of ({options.HiddenSize} wide, "
                    + $"{options.Depth} deep, input "
                + $"{string.Join(" x ", options.InputShape)}, patches of {options.PatchSize}).");
        }

        AsDamage(() =>
        {
            using SiT shapes = new(options, device: torch.META);
            StateDict.RequireFit(shapes, tensors, source);
        });
    }

    /// <exception cref="InvalidDataException">The statistics do not fit the autoencoder.</exception>
    public static void SetStatistics(ImageAutoencoder autoencoder, LatentStatistics? statistics) =>
        AsDamage(() => autoencoder.Statistics = statistics);

    /// <summary>That the parts of a model fit one another.</summary>
    /// <exception cref="InvalidDataException">They do not.</exception>
    public static void Require(
        ModelDescription description, ImageAutoencoder autoencoder, MemoryBank? memory, SnippetEncoder? encoder, RidgeSource? source)
    {
        SiTOptions network = description.Network;
        OptionFaults faults = new("The model is damaged");
        (ImageShape images, long factor) = (description.Images, autoencoder.DownsamplingFactor);
        long[] made = [autoencoder.ImageChannels, network.InputShape[1] * factor, network.InputShape[2] * factor];
        faults.Require(
            made.SequenceEqual([images.Channels, images.Height, images.Width]), "the shape of its images",
            $"[{images.Channels}, {images.Height}, {images.Width}]", $"[{string.Join(", ", made)}], as its network makes");
        faults.Require(Enum.IsDefined(images.Fit), "the fit of its images", images.Fit, "a known one");
        faults.Require(
            autoencoder.Channels == network.InputChannels, "the channels of its autoencoder", autoencoder.Channels,
            $"{network.InputChannels}, as its network makes");
        int? size = network.Find<SnippetCondition>()?.Size;
        faults.Require(
            memory is null == !network.Conditions.Any(c => c.UsesSnippets), "its memory bank", memory is null
                ? "missing"
                : "there", "there for a network with snippets alone");
        faults.Require(
            memory is null || size is null
                || memory.Dimension == size, "the length of its bank's entries", memory?.Dimension, $"{size}, as its network takes");
        faults.Require(
            encoder is null || size is null || encoder.Dimension == size, "the length of its encoder's snippets", encoder?.Dimension,
            $"{size}, as its network takes");
        faults.Require(memory is null || memory.Count > 0, "the number of its bank's entries", memory?.Count, "at least 1");
        long[] expected = [size ?? 0, .. network.InputShape];
        faults.Require(
            source is null || source.Shape.SequenceEqual(expected), "the shape of its source",
            $"[{string.Join(", ", source?.Shape ?? [])}]",
            $"[{string.Join(", ", expected)}], as its network has");
        AsDamage(faults.Throw);
    }

    /// <summary>That the header of a source is that of the network's.</summary>
    /// <exception cref="InvalidDataException">It is another's.</exception>
    public static void RequireSource(SiTOptions network, StoredTensors tensors)
    {
        long[] one = [1, .. network.InputShape];
        long[] each = [network.Find<SnippetCondition>()?.Size ?? 0, .. one[1..]];
        if (tensors.Entries.FirstOrDefault(e => !e.Shape.SequenceEqual(e.Name == "mean" ? one : each)) is { } other)
        {
            throw new InvalidDataException(
                $"The model is damaged: '{other.Name}' of '{tensors.Name}' is {new TensorShape(other.DataType, other.Shape)}, which does "
                    + "not fit its network.");
        }
    }

    private static void AsDamage(Action check)
    {
        try
        {
            check();
        }
        catch (Exception e) when (e is ArgumentException or OverflowException or ExternalException)
        {
            throw new InvalidDataException($"The model is damaged: {e.Message}", e);
        }
    }
}
