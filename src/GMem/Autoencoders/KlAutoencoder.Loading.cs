using GMem.Autoencoders.Kl;
using GMem.FileFormats;
using GMem.Parts;

namespace GMem.Autoencoders;

/// <content>Loading and saving.</content>
public sealed partial class KlAutoencoder
{
    /// <summary>Loads a published autoencoder.</summary>
    /// <param name="path">
    /// A <c>.safetensors</c> file or a PyTorch checkpoint (<c>.pth</c>, <c>.pt</c>, <c>.ckpt</c>, <c>.bin</c>) with the tensor names of
    /// latent diffusion (with or without <c>first_stage_model.</c>) or of diffusers, including older versions.
    /// </param>
    /// <param name="options">The shape of the network; null infers it from the tensors.</param>
    /// <param name="device">Device to run on; null for the CPU.</param>
    /// <param name="dataType">Type to compute in: Float32 or Float64, or on a GPU also BFloat16 or Float16. Default Float32.</param>
    /// <returns>A new autoencoder without statistics; dispose it.</returns>
    /// <exception cref="ArgumentException">The device does not support that type, or the options are invalid.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The tensors do not match the network; the message names every tensor that is missing,
    /// unexpected or of the wrong shape.</exception>
    /// <exception cref="NotSupportedException">The file extension is not supported.</exception>
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

    /// <summary>Loads what <see cref="SaveConfiguration"/> and <see cref="SaveTensors"/> returned.</summary>
    internal static KlAutoencoder Load(SavedPart saved)
    {
        SavedSettings settings = saved.Configuration.Read<SavedSettings>();
        KlAutoencoderOptions network = settings.Network ?? throw new InvalidDataException("The saved autoencoder has no network options.");
        network.Validate();
        const string Source = "saved KL autoencoder";
        WeightPlacement placement = WeightPlacement.ForSaved(saved.Device, saved.Tensors);
        using (KlNetwork shapes = new(network, placement with { Device = torch.META }))
        {
            StateDict.RequireFit(shapes, TensorShape.Of(saved.Tensors), Source);
        }

        KlAutoencoder autoencoder = Create(saved.Tensors, network, Source, placement);
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

    /// <summary>Creates an autoencoder with random weights, for experiments without a checkpoint.</summary>
    /// <param name="options">The shape of the network.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="device">Device to run on; null for the CPU.</param>
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

    /// <summary>The settings needed to load the autoencoder again.</summary>
    /// <returns>The shape of the network and the tile size.</returns>
    public override PartConfiguration SaveConfiguration() =>
        PartConfiguration.From(new SavedSettings { Network = _options, TileSize = TileSize });

    /// <summary>The tensors needed to load the autoencoder again: the weights under their official names.</summary>
    /// <returns>Tensors by name, owned by the autoencoder.</returns>
    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() => _network.state_dict();

    /// <summary>Creates an autoencoder from tensors in memory.</summary>
    /// <param name="tensors">Tensors under any published names; those that do not belong to the network are ignored.</param>
    /// <param name="options">The shape of the network; null infers it.</param>
    /// <param name="source">Name of the tensors' origin for error messages.</param>
    /// <param name="placement">Device and type of the network.</param>
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
            // Loading into the meta device finds mismatches before the real network is allocated.
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
