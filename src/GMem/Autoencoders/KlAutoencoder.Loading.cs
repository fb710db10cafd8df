using System.Text.Json;
using GMem.Autoencoders.Kl;
using GMem.Runtime;
using GMem.Weights;
using TorchSharp;

namespace GMem.Autoencoders;

/// <content>Where an autoencoder comes from and how it is kept.</content>
public sealed partial class KlAutoencoder
{
    /// <summary>Loads a published autoencoder.</summary>
    /// <param name="path">
    /// A <c>.safetensors</c> file or a PyTorch checkpoint (<c>.pth</c>, <c>.pt</c>, <c>.ckpt</c>, <c>.bin</c>) with the names of latent diffusion (with or without <c>first_stage_model.</c>) or of diffusers, older ones too.
    /// </param>
    /// <param name="options">The shape of the network; null infers it from the tensors.</param>
    /// <param name="device">Where it runs; null takes the CPU.</param>
    /// <param name="dataType">What it computes in: Float32 or Float64, on a GPU BFloat16 or Float16 too. Default Float32.</param>
    /// <returns>A new autoencoder without statistics; dispose it.</returns>
    /// <exception cref="ArgumentException">The device cannot compute in that type, or the options are invalid.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The tensors are not those of the network; the message names all that are missing, unexpected or of another shape.</exception>
    /// <exception cref="NotSupportedException">The extension names no format that can be read.</exception>
    public static KlAutoencoder Load(
        string path, KlAutoencoderOptions? options = null, torch.Device? device = null, torch.ScalarType dataType = torch.ScalarType.Float32)
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

    /// <summary>Makes it again from what <see cref="SaveConfiguration"/> and <see cref="SaveTensors"/> gave, statistics included.</summary>
    /// <param name="configuration">The settings, as JSON.</param>
    /// <param name="tensors">The tensors by name; they are copied and stay the caller's.</param>
    /// <param name="device">Where it runs; null takes the CPU.</param>
    /// <returns>A new autoencoder; dispose it.</returns>
    /// <exception cref="InvalidDataException">The settings or the tensors are not those of such an autoencoder.</exception>
    public static KlAutoencoder FromSaved(string configuration, IReadOnlyDictionary<string, torch.Tensor> tensors, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(tensors);
        try
        {
            SavedSettings saved = JsonSerializer.Deserialize<SavedSettings>(configuration) ?? throw new JsonException("it is null");
            KlAutoencoderOptions options = saved.Network ?? throw new JsonException("it names no network");
            options.Validate();
            LatentStatistics? statistics = saved.LatentMean is null && saved.LatentStandardDeviation is null
                ? null : new LatentStatistics(saved.LatentMean ?? [], saved.LatentStandardDeviation ?? []);
            KlAutoencoder autoencoder = Create(tensors, options, "saved KL autoencoder", WeightPlacement.ForSaved(device, tensors), statistics);
            return autoencoder.WithTiles(saved.TileSize);
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"The saved settings of the KL autoencoder cannot be used: {error.Message}", error);
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
        return new KlAutoencoder(network, options.Clone(), placement);
    }

    /// <summary>The same network with other statistics.</summary>
    /// <param name="statistics">What its latents are normalised by; null leaves them as the network gives them.</param>
    /// <returns>An autoencoder that shares this one's weights, with the same slices and tiles. Dispose both; the weights are freed with the last.</returns>
    /// <exception cref="ArgumentException">They have another number of channels.</exception>
    public KlAutoencoder WithStatistics(LatentStatistics? statistics)
    {
        RequireChannels(statistics, Channels);
        KlAutoencoder lender = _lender ?? this;
        _ = lender.Share();
        return new KlAutoencoder(_network, _options, _placement, lender) { Statistics = statistics, SliceSize = SliceSize, TileSize = TileSize };
    }

    /// <summary>The settings needed to load it again, as JSON.</summary>
    /// <returns>The shape of the network, the side of its tiles, and the statistics if there are any.</returns>
    public override string SaveConfiguration() =>
        JsonSerializer.Serialize(new SavedSettings(_options, Statistics?.Mean, Statistics?.StandardDeviation, TileSize));

    /// <summary>The tensors needed to load it again: the weights under their official names.</summary>
    /// <returns>Tensors by name; they stay the autoencoder's.</returns>
    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() => _network.state_dict();

    /// <summary>Makes it from tensors in memory.</summary>
    /// <param name="tensors">Under any published names; those outside the network are left out.</param>
    /// <param name="options">Null infers them.</param>
    /// <param name="source">What to call the tensors' origin in an error.</param>
    /// <param name="placement">Where the network lies.</param>
    /// <param name="statistics">What latents are normalised by.</param>
    internal static KlAutoencoder Create(
        IReadOnlyDictionary<string, torch.Tensor> tensors, KlAutoencoderOptions? options, string source, WeightPlacement placement, LatentStatistics? statistics = null)
    {
        GMemRuntime.EnsureLoaded();
        options?.Validate();
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> own = KlStateDict.Normalize(tensors);
        KlAutoencoderOptions shape = options?.Clone() ?? KlInference.FromShapes(WeightsFile.Shapes(own), source);
        RequireChannels(statistics, shape.LatentChannels);
        Dictionary<string, torch.Tensor> fitting = placement.Fit(own);
        using (KlNetwork shapes = new(shape, placement with { Device = torch.META }))
        {
            // Whatever does not fit is found before anything as large as the network is allocated.
            StateDict.Load(shapes, fitting, source);
        }

        KlNetwork network = new(shape, placement);
        StateDict.Load(network, fitting, source);
        return new KlAutoencoder(network, shape, placement) { Statistics = statistics };
    }

    internal override LatentStatistics? Normalisation => Statistics;

    internal override bool RunsOnManyThreads => _placement.Device.type == DeviceType.CPU;

    internal override bool CanNormalise => true;

    internal override string EncodingSettings => $"{JsonSerializer.Serialize(_options)} tile {TileSize} {_placement.DataType}";

    internal override (torch.Tensor Mean, torch.Tensor? Deviation) EncodeRaw(torch.Tensor images)
    {
        using DiagonalGaussian posterior = EncodePosterior(images);
        torch.Tensor Kept(torch.Tensor tensor) => tensor.to(torch.CPU).to(torch.float32).clone();
        return (Kept(posterior.Mean), _options.Variational ? Kept(posterior.StandardDeviation) : null);
    }

    internal override ImageAutoencoder WithNormalisation(LatentStatistics? statistics) => WithStatistics(statistics);

    private KlAutoencoder WithTiles(int side)
    {
        try
        {
            TileSize = side;
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private sealed record SavedSettings(KlAutoencoderOptions? Network, IReadOnlyList<float>? LatentMean, IReadOnlyList<float>? LatentStandardDeviation, int TileSize = 0);
}
