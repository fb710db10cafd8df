using GMem.Parts;

namespace GMem.Autoencoders;

/// <summary>Turns images into the latents that the network works on, and back.</summary>
/// <remarks>
/// To write an autoencoder, derive from this class and implement <see cref="EncodeRaw"/> and <see cref="DecodeRaw"/>; normalisation by
/// <see cref="Statistics"/> is added here. Call <see cref="ModelParts.Register{T}"/> in every program that loads models with it.
/// </remarks>
public abstract class ImageAutoencoder : SharedModelPart
{
    /// <summary>Channels of a latent.</summary>
    public abstract int Channels { get; }

    /// <summary>How many pixels one latent cell stands for along a side; 1 for pixels.</summary>
    public abstract int DownsamplingFactor { get; }

    /// <summary>
    /// Whether the network is to see latents of mean 0 and deviation 1 in each channel. Training then measures <see cref="Statistics"/>
    /// where there are none. Default true.
    /// </summary>
    public virtual bool NormalizesLatents => true;

    /// <summary>
    /// What latents are normalised by: <see cref="Encode"/> then gives latents of mean 0 and deviation 1 in each channel, and
    /// <see cref="Decode"/> expects them so. They are saved beside the autoencoder and are no part of its
    /// <see cref="ModelPart.Fingerprint"/>. Null leaves latents as they are. Default null.
    /// </summary>
    /// <exception cref="ArgumentException">They have another number of channels, or the autoencoder's latents are not normalised
    /// (<see cref="NormalizesLatents"/>).</exception>
    public LatentStatistics? Statistics
    {
        get;
        set
        {
            RequireFitting(value);
            field = value;
        }
    }

    /// <summary>Encodes images.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB; H and W are multiples of <see cref="DownsamplingFactor"/>.</param>
    /// <returns>float32 <c>[B, Channels, H / factor, W / factor]</c> on the device of the images, normalised by <see cref="Statistics"/>.
    /// Where latents have a distribution, its mean.</returns>
    /// <exception cref="ArgumentException">The images have another type or shape.</exception>
    public torch.Tensor Encode(torch.Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return Use(() =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable noGradient = torch.no_grad();
            return Normalized(EncodeRaw(images).Mean).to(images.device).MoveToOuterDisposeScope();
        });
    }

    /// <summary>Decodes latents.</summary>
    /// <param name="latents">Floating-point <c>[B, Channels, h, w]</c>, normalised by <see cref="Statistics"/>.</param>
    /// <returns>uint8 <c>[B, 3, h * factor, w * factor]</c>, RGB, on the device of the latents.</returns>
    /// <exception cref="ArgumentException">The latents have another type or shape.</exception>
    public torch.Tensor Decode(torch.Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        if (!latents.is_floating_point() || latents.shape.Length != 4 || latents.shape[1] != Channels)
        {
            throw new ArgumentException(
                $"Latents must be floating-point [B, {Channels}, h, w]; got {latents.dtype} [{string.Join(", ", latents.shape)}].",
                nameof(latents));
        }

        return Use(() =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable noGradient = torch.no_grad();
            return DecodeRaw(Statistics?.Denormalize(latents) ?? latents).to(latents.device).MoveToOuterDisposeScope();
        });
    }

    /// <summary>Encodes images to latents before normalisation.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB.</param>
    /// <returns>
    /// New float32 tensors <c>[B, Channels, H / factor, W / factor]</c> on any device: the latents, and their standard deviations where
    /// each use in training is to draw from a normal distribution around them, otherwise null.
    /// </returns>
    /// <exception cref="ArgumentException">The images have another type or shape.</exception>
    public abstract (torch.Tensor Mean, torch.Tensor? Deviation) EncodeRaw(torch.Tensor images);

    /// <summary>Decodes latents that are not normalised.</summary>
    /// <param name="latents">Floating-point <c>[B, Channels, h, w]</c> on any device; they stay the caller's.</param>
    /// <returns>New tensor uint8 <c>[B, 3, h * factor, w * factor]</c>, RGB, on any device.</returns>
    public abstract torch.Tensor DecodeRaw(torch.Tensor latents);

    /// <summary>The same autoencoder with other statistics.</summary>
    /// <param name="statistics">What its latents are normalised by; null leaves them as they are.</param>
    /// <returns>An autoencoder that shares this one's weights. Dispose both; the weights are freed with the last.</returns>
    /// <exception cref="ArgumentException">They have another number of channels, or the autoencoder's latents are not
    /// normalised.</exception>
    /// <exception cref="ObjectDisposedException">The weights have been freed.</exception>
    public ImageAutoencoder WithStatistics(LatentStatistics? statistics)
    {
        RequireFitting(statistics);
        ImageAutoencoder handle = (ImageAutoencoder)NewHandle();
        handle.Statistics = statistics;
        return handle;
    }

    /// <summary>Encodes a data set once and measures its latents. Assign the result to <see cref="Statistics"/>.</summary>
    /// <param name="images">Batches of uint8 <c>[B, 3, H, W]</c>; they stay the caller's.</param>
    /// <returns>Mean and standard deviation of each channel of the latents before normalisation.</returns>
    /// <exception cref="ArgumentException">There are no images, or they are not of that kind.</exception>
    public LatentStatistics ComputeStatistics(IEnumerable<torch.Tensor> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using LatentMoments moments = new();
        foreach (torch.Tensor batch in images)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable noGradient = torch.no_grad();
            moments.Add(Use(() => EncodeRaw(batch)).Mean);
        }

        return moments.ToStatistics();
    }

    /// <summary>Loads a published KL autoencoder (SD-VAE, VA-VAE and others of that layout); which it is, the file's tensors say.</summary>
    /// <param name="path">A <c>.safetensors</c> file or a PyTorch checkpoint, with the names of latent diffusion or of diffusers.</param>
    /// <param name="device">Where it runs; null takes the CPU.</param>
    /// <returns>A new autoencoder without statistics; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It holds no such autoencoder; the message names all tensors that do not fit.</exception>
    public static KlAutoencoder Kl(string path, torch.Device? device = null) => KlAutoencoder.Load(path, device: device);

    /// <summary>Latents as <see cref="Encode"/> gives them.</summary>
    private protected torch.Tensor Normalized(torch.Tensor latents) => Statistics?.Normalize(latents) ?? latents;

    private void RequireFitting(LatentStatistics? statistics)
    {
        if (statistics is null)
        {
            return;
        }

        if (!NormalizesLatents)
        {
            throw new ArgumentException($"Latents of the autoencoder '{Kind.Name}' are not normalised by statistics.", nameof(statistics));
        }

        if (statistics.Mean.Count != Channels)
        {
            throw new ArgumentException(
                $"The autoencoder's latents have {Channels} channels, these statistics {statistics.Mean.Count}.", nameof(statistics));
        }
    }
}
