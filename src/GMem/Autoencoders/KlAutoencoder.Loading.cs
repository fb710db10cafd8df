using GMem.Autoencoders.Kl;
using GMem.FileFormats;
using GMem.Parts;

namespace GMem.Autoencoders;

/// <content>Where an autoencoder comes from and how it is kept.</content>
public sealed partial class KlAutoencoder
{
    /// <summary>Loads a published autoencoder.</summary>
    /// <param name="path">
    /// A <c>.safetensors</c> file or a PyTorch checkpoint (<c>.pth</c>, <c>.pt</c>, <c>.ckpt</c>, <c>.bin</c>) with the names of latent
    /// diffusion (with or without <c>first_stage_model.</c>) or of diffusers, older ones too.
    /// </param>
    /// <param name="options">The shape of the network; null infers it from the tensors.</param>
    /// <param name="device">Where it runs; null takes the CPU.</param>
    /// <param name="dataType">What it computes in: Float32 or Float64, on a GPU BFloat16 or Float16 too. Default Float32.</param>
    /// <returns>A new autoencoder without statistics; dispose it.</returns>
    /// <exception cref="ArgumentException">The device cannot compute in that type, or the options are invalid.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The tensors are not those of the network; the message names all that are missing, unexpected
    /// or of another shape.</exception>
    /// <exception cref="NotSupportedException">The extension names no format that can be read.</exception>
    public static KlAutoencoder Load(
        string path,
        KlAutoencoderOptions? options = null,
        torch.Device? device = null,
        torch.ScalarType dataType = torch.ScalarType.Float32)
    {
        WeightPlacement placement = WeightPlacement.For(device, dataType);
        Dictionary<string, torch.Tensor> tensors = WeightsFile.ReadTensors(path, KlStateDict.MayBelong);
        try
        {
            return Create(tensors, options, path, placement);
        }
        finally
        {
            WeightsFile.Dispose(tensors);
        }
    }

    /// <summary>Loads what <see cref="SaveConfiguration"/> and <see cref="SaveTensors"/> gave.</summary>
    internal static KlAutoencoder Load(SavedPart saved)
    {
        SavedSettings settings = saved.Configuration.Read<SavedSettings>();
        KlAutoencoderOptions network = settings.Network ?? throw new InvalidDataException("It names no network.");
        WeightPlacement placement = WeightPlacement.ForSaved(saved.Device, saved.Tensors);
        KlAutoencoder autoencoder = Create(saved.Tensors, network, "saved KL autoencoder", placement);
        try
        {
            autoencoder.TileSize = settings.TileSize;
            return autoencoder;
        }
        catch
        {
            autoencoder.Dispose();
            throw;
        }
    }

    /// <summary>An untrained autoencoder of the same layout, for trials without a checkpoint.</summary>
    /// <param name="options">The shape of the network.</param>
    /// <param name="seed">Fixes the weights.</param>
    /// <param name="device">Where it runs; null takes the CPU.</param>
    /// <returns>A new autoencoder; dispose it.</returns>
    /// <exception cref="ArgumentException">The options are invalid.</exception>
    public static KlAutoencoder CreateRandom(KlAutoencoderOptions options, long seed, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        WeightPlacement placement = new(device ?? torch.CPU, torch.ScalarType.Float32);
        KlNetwork network = new(options, placement);
        RandomWeights.Fill(network, seed);
        return new KlAutoencoder(network, options, placement);
    }

    /// <summary>The settings needed to load it again.</summary>
    /// <returns>The shape of the network and the side of its tiles.</returns>
    public override PartConfiguration SaveConfiguration() =>
        PartConfiguration.From(new SavedSettings { Network = _options, TileSize = TileSize });

    /// <summary>The tensors needed to load it again: the weights under their official names.</summary>
    /// <returns>Tensors by name; they stay the autoencoder's.</returns>
    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() => _network.state_dict();

    /// <summary>Makes it from tensors in memory.</summary>
    /// <param name="tensors">Under any published names; those outside the network are left out.</param>
    /// <param name="options">Null infers them.</param>
    /// <param name="source">What to call the tensors' origin in an error.</param>
    /// <param name="placement">Where the network lies.</param>
    internal static KlAutoencoder Create(
        IReadOnlyDictionary<string, torch.Tensor> tensors, KlAutoencoderOptions? options, string source, WeightPlacement placement)
    {
        GMemRuntime.EnsureLoaded();
        options?.Validate();
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> own = KlStateDict.Normalize(tensors);
        KlAutoencoderOptions shape = options ?? KlInference.FromShapes(WeightsFile.Shapes(own), source);
        Dictionary<string, torch.Tensor> fitting = placement.Fit(own);
        using (KlNetwork shapes = new(shape, placement with { Device = torch.META }))
        {
            // Whatever does not fit is found before anything as large as the network is allocated.
            StateDict.Load(shapes, fitting, source);
        }

        KlNetwork network = new(shape, placement);
        StateDict.Load(network, fitting, source);
        return new KlAutoencoder(network, shape, placement);
    }

    private sealed class SavedSettings
    {
        public required KlAutoencoderOptions Network { get; init; }

        public int TileSize { get; init; }
    }
}
