using GMem.Autoencoders.Kl;
using GMem.FileFormats;
using GMem.Parts;

namespace GMem.Autoencoders;

/// <summary>The KL autoencoder of latent diffusion: SD-VAE (f8d4), VA-VAE (f16d32), MAR's (f16d16), and others of that layout.</summary>
/// <remarks>
/// <see cref="ImageAutoencoder.Encode"/> returns the mean of the posterior. For models trained with Stable Diffusion's autoencoder, set
/// <see cref="ImageAutoencoder.Statistics"/> to <c>LatentStatistics.FromScale(4, 0.18215)</c>. Images are processed in slices of
/// <see cref="SliceSize"/>. A single image too large for memory can be processed in tiles (<see cref="TileSize"/>), which changes the
/// result slightly.
/// </remarks>
public sealed partial class KlAutoencoder : ImageAutoencoder
{
    internal static readonly PartKind SavedKind = new("kl");

    private readonly KlNetwork _network;
    private readonly KlAutoencoderOptions _options;
    private readonly WeightPlacement _placement;

    private KlAutoencoder(KlNetwork network, KlAutoencoderOptions options, WeightPlacement placement)
    {
        _network = network;
        _options = options;
        _placement = placement;
    }

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <summary>True on the CPU.</summary>
    public override bool IsThreadSafe => _placement.Device.type == DeviceType.CPU;

    /// <inheritdoc/>
    public override int Channels => _options.LatentChannels;

    /// <inheritdoc/>
    public override int DownsamplingFactor => _options.DownsamplingFactor;

    /// <summary>Number of images the network processes at once. It affects memory use but not the results. At least 1. Default
    /// 8.</summary>
    public int SliceSize
    {
        get;
        set => field = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one image must go through the network at a time.");
    } = 8;

    /// <summary>
    /// Side in pixels of the tiles in which larger images are encoded and decoded; a multiple of 4 latent cells. 0 processes every image
    /// whole. Default 0. Tiles overlap by a quarter and are blended there. Because group normalisation sees one tile at a time, the result
    /// only approximates that of the whole image.
    /// </summary>
    public int TileSize
    {
        get;
        set => field = value >= 0 && value % (4 * DownsamplingFactor) == 0
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(value),
                value,
                $"The tile size must be 0 (no tiles) or a multiple of {4 * DownsamplingFactor} pixels (4 latent cells).");
    }

    internal KlNetwork Network => _network;

    internal KlAutoencoderOptions Options => _options;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The images are not uint8 <c>[B, 3, H, W]</c> with sides that are multiples of the downsampling
    /// factor.</exception>
    public override (torch.Tensor Mean, torch.Tensor? Deviation) EncodeRaw(torch.Tensor images)
    {
        using UseScope use = Use();
        using DiagonalGaussian posterior = EncodePosterior(images);
        torch.Tensor? deviation = _options.Variational ? posterior.StandardDeviation.to(torch.float32).clone() : null;
        return (posterior.Mean.to(torch.float32).clone(), deviation);
    }

    /// <summary>Encodes images to samples from the posterior instead of its mean, as training on latents often does.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB.</param>
    /// <param name="generator">A CPU generator.</param>
    /// <returns>float32 <c>[B, Channels, H / factor, W / factor]</c> on the device of the images.</returns>
    /// <exception cref="ArgumentException">The images are not uint8 <c>[B, 3, H, W]</c> with sides that are multiples of the downsampling
    /// factor.</exception>
    /// <exception cref="InvalidOperationException">The autoencoder is not variational: it has no posterior to sample from.</exception>
    internal torch.Tensor EncodeSample(torch.Tensor images, torch.Generator generator)
    {
        ArgumentNullException.ThrowIfNull(generator);
        if (!_options.Variational)
        {
            throw new InvalidOperationException(
                $"This autoencoder is not variational: its encoder gives no variance to sample with. Use {nameof(Encode)}.");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        using DiagonalGaussian posterior = EncodePosterior(images);
        return Normalized(posterior.Sample(generator).to(torch.float32)).to(images.device).MoveToOuterDisposeScope();
    }

    /// <summary>The posterior over the latents of images, before any normalisation by <see cref="ImageAutoencoder.Statistics"/>.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB.</param>
    /// <returns>A new distribution over <c>[B, Channels, H / factor, W / factor]</c>, on the autoencoder's device, float32 (float64 if the
    /// autoencoder computes in float64); dispose it.</returns>
    /// <exception cref="ArgumentException">The images are not uint8 <c>[B, 3, H, W]</c> with sides that are multiples of the downsampling
    /// factor.</exception>
    internal DiagonalGaussian EncodePosterior(torch.Tensor images)
    {
        RequireImages(images);
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        torch.Tensor moments = InSlices(
            images, slice => Tiled(ToNetwork(slice), tile => _network.Moments(tile).to(_placement.PreciseType), encode: true));
        DiagonalGaussian posterior = new(moments);
        foreach (torch.Tensor tensor in new[] { posterior.Mean, posterior.LogVariance, posterior.StandardDeviation, posterior.Variance })
        {
            tensor.MoveToOuterDisposeScope();
        }

        return posterior;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There are no latents.</exception>
    public override torch.Tensor DecodeRaw(torch.Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        if (latents.numel() == 0)
        {
            throw new ArgumentException($"There are no latents to decode: [{string.Join(", ", latents.shape)}].", nameof(latents));
        }

        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        return InSlices(latents, slice =>
        {
            torch.Tensor raw = slice.to(_placement.PreciseType, _placement.Device);
            torch.Tensor Decoded(torch.Tensor tile) => _network.DecodeImage(tile.to(_placement.DataType)).to(_placement.PreciseType);
            return ToImages(Tiled(raw, Decoded, encode: false));
        }).MoveToOuterDisposeScope();
    }

    /// <summary>Maps about -1..1 to 0..255: scales, clamps and truncates (does not round) to an integer, as the public code does.</summary>
    internal static torch.Tensor ToImages(torch.Tensor decoded)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return decoded.Times(127.5).PlusInPlace(128).ClampInPlace(0, 255).to(torch.uint8).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _network.Dispose();
        }
    }

    /// <summary>Maps 0..255 to -1..1.</summary>
    internal torch.Tensor ToNetwork(torch.Tensor images)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor values = images.to(_placement.Device).to(_placement.PreciseType);
        return values.DividedByInPlace(255).PlusInPlace(-0.5).DividedByInPlace(0.5).to(_placement.DataType).MoveToOuterDisposeScope();
    }

    private torch.Tensor InSlices(torch.Tensor batch, Func<torch.Tensor, torch.Tensor> map)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor> results = [];
        for (long start = 0; start < batch.shape[0]; start += SliceSize)
        {
            using DisposeScope inner = torch.NewDisposeScope();
            results.Add(map(batch.narrow(0, start, Math.Min(SliceSize, batch.shape[0] - start))).MoveToOuterDisposeScope());
        }

        return torch.cat(results, 0).MoveToOuterDisposeScope();
    }

    private torch.Tensor Tiled(torch.Tensor input, Func<torch.Tensor, torch.Tensor> map, bool encode)
    {
        int factor = DownsamplingFactor, unit = encode ? factor : 1;
        long tile = encode ? TileSize : TileSize / factor;
        return tile == 0 || (input.shape[2] <= tile && input.shape[3] <= tile)
            ? map(input)
            : TiledMap.Apply(input, tile, unit, length => encode ? length / factor : length * factor, map);
    }

    private void RequireImages(torch.Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        int factor = DownsamplingFactor;
        if (images.dtype != torch.ScalarType.Byte
            || images.shape is not [>= 1, 3, >= 1 and long height, >= 1 and long width]
            || height % factor != 0
            || width % factor != 0)
        {
            throw new ArgumentException(
                $"Images must be uint8 [B, 3, H, W] with H and W multiples of {factor} (crop or scale them); "
                + $"got {images.dtype} [{string.Join(", ", images.shape)}].",
                nameof(images));
        }
    }
}
