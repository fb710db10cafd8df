using GMem.Autoencoders;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Images;
using GMem.Memory;
using GMem.Transport;

namespace GMem;

/// <summary>Models from the checkpoints of the public code, and back.</summary>
internal static class CheckpointModel
{
    private const string SnippetProjection = "condition_projection.linear.weight";

    public static GMemModel Load(string path, MemoryBank? memory, CheckpointOptions options, torch.Device device)
    {
        string[] nesting = options.UseAverage ? ["ema", "state_dict", "model"] : ["model", "state_dict", "ema"];
        Dictionary<string, torch.Tensor> tensors = WeightsFile.ReadTensors(path, nesting: nesting);
        try
        {
            int factor = options.Autoencoder?.DownsamplingFactor ?? 1;
            (int, int)? input = options.ImageShape is { } images ? (images.Height / factor, images.Width / factor) : null;
            SiTOptions shape = options.Network ?? SiTInference.FromShapes(WeightsFile.Shapes(tensors), path, options.HeadCount, input);
            ImageAutoencoder autoencoder = Autoencoder(options, shape, out IDisposable? made);
            using IDisposable? handle = made;
            shape = WithClassNames(shape, options.ClassNames);
            NetworkPlan.RequireSampling(options.Sampling, shape);
            MemoryBank? bank = Bank(memory, shape);
            SiT network = Network(shape, tensors, path, device);
            FlowTransport transport = new(InterpolantPath.Of(options.Path), options.Prediction, LossWeighting.None);
            ModelCore core = new(
                network, transport, options.Encoder, autoencoder, source: null, Images(options, shape, autoencoder), device);
            return new GMemModel(core, bank, options.Sampling);
        }
        finally
        {
            WeightsFile.Dispose(tensors);
        }
    }

    /// <summary>The weights as the public code names them; the snippet scale, which that does not have, goes into the projection.</summary>
    public static void Save(string path, SiT network)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        double scale = network.Options.Find<SnippetCondition>()?.Scale ?? 1;
        string? augmentation = network.Options.Find<AugmentationCondition>()?.ModuleName;
        IEnumerable<KeyValuePair<string, torch.Tensor>> tensors = network.StateDictTensors()
            .Where(t => augmentation is null || !t.Key.StartsWith($"{augmentation}.", StringComparison.Ordinal))
            .Select(t => t.Key == SnippetProjection && scale != 1 ? new(t.Key, t.Value.Times(scale)) : t);
        SafetensorsWriter.Write(path, [.. tensors]);
    }

    private static SiT Network(SiTOptions shape, Dictionary<string, torch.Tensor> tensors, string path, torch.Device device)
    {
        // Tables are a function of the options; some checkpoints leave them out.
        static bool IsTable(string name) => name == "pos_embed" || name.StartsWith("feat_rope.", StringComparison.Ordinal);
        using (SiT shapes = new(shape, device: torch.META))
        {
            // Whatever does not fit is found before anything as large as the network is allocated.
            StateDict.Load(shapes, tensors, path, mayBeMissing: IsTable);
        }

        SiT network = new(shape, device: device);
        StateDict.Load(network, tensors, path, mayBeMissing: IsTable);
        network.eval();
        return network;
    }

    /// <exception cref="ArgumentException">The shape given is not that of what the network makes.</exception>
    private static ImageShape Images(CheckpointOptions options, SiTOptions shape, ImageAutoencoder autoencoder)
    {
        int factor = autoencoder.DownsamplingFactor;
        ImageShape made = new((int)shape.InputShape[1] * factor, (int)shape.InputShape[2] * factor, autoencoder.ImageChannels);
        return options.ImageShape is not { } wanted ? made
            : wanted == made with { Fit = wanted.Fit } ? wanted
            : throw new ArgumentException($"ImageShape is {wanted}, but the network and the autoencoder make images of {made}.");
    }

    /// <summary>A handle of the model's own, so that what is later set on the user's changes nothing here.</summary>
    private static ImageAutoencoder Autoencoder(CheckpointOptions options, SiTOptions shape, out IDisposable? made)
    {
        ImageAutoencoder? given = options.Autoencoder;
        int channels = given?.Channels ?? options.ImageShape?.Channels ?? ImageShape.Rgb;
        if (channels != shape.InputChannels)
        {
            throw new ArgumentException(given is null
                ? $"The network makes latents of {shape.InputChannels} channels, not images; set Autoencoder to the one it was trained "
                    + "with, or ImageShape if these are pixels."
                : $"The network makes latents of {shape.InputChannels} channels, but those of the autoencoder '{given.Kind.Name}' have "
                    + $"{channels}.");
        }

        ImageAutoencoder? own = given is null
            ? new PixelAutoencoder(channels)
            : given.NormalizesLatents ? given.WithStatistics(given.Statistics)
            : null;
        made = own;
        return own ?? given!;
    }

    private static MemoryBank? Bank(MemoryBank? memory, SiTOptions shape)
    {
        if (shape.Find<SnippetCondition>() is not { Size: int size })
        {
            return memory is null ? null : throw new ArgumentException(
                $"The network is conditioned on {(shape.Conditions.Count == 0 ? "nothing" : "class labels")}, not on snippets; leave the "
                    + "bank out.", nameof(memory));
        }

        return memory switch
        {
            null => throw new ArgumentException(
                $"The network is conditioned on snippets of {size} entries; give the bank it was trained with, for instance "
                    + "MemoryBank.FromCheckpoint(...).",
                nameof(memory)),
            { Count: 0 } =>
                throw new ArgumentException("The bank is empty; a model needs at least one entry to draw from.", nameof(memory)),
            _ when memory.Dimension != size => throw new ArgumentException(
                $"The bank has snippets of {memory.Dimension} entries, but the network takes {size}.", nameof(memory)),
            _ => memory,
        };
    }

    private static SiTOptions WithClassNames(SiTOptions shape, IReadOnlyList<string>? names)
    {
        if (names is null || shape.Find<LabelCondition>() is not { } labels)
        {
            return shape;
        }

        if (names.Count != labels.ClassCount)
        {
            throw new ArgumentException($"ClassNames has {names.Count} names, but the network has {labels.ClassCount} classes.");
        }

        LabelCondition named = new() { ClassCount = labels.ClassCount, ClassNames = names, Dropout = labels.Dropout };
        return shape with { Conditions = [.. shape.Conditions.Select(c => c == labels ? named : c)] };
    }
}
