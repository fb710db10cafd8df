using GMem.Images;
using GMem.Parts;

namespace GMem.Autoencoders;

/// <summary>Turns images into the latents that the network works on, and back.</summary>
/// <remarks>
/// To write an autoencoder, derive from this class and implement <see cref="EncodeRaw"/> and <see cref="DecodeRaw"/>; this class handles
/// normalisation by <see cref="Statistics"/>. Call <see cref="ModelParts.Register{T}"/> in every program that loads models using it.
/// </remarks>
public abstract class ImageAutoencoder : SharedModelPart
{
    /// <summary>Channels of a latent.</summary>
    public abstract int Channels { get; }

    /// <summary>
    /// Channels of the images that are encoded: 1 (grey), 3 (RGB) or 4 (RGBA). Images of other channels are refused. Default 3.
    /// </summary>
    public virtual int ImageChannels => ImageShape.Rgb;

    /// <summary>Side in pixels of the area that one latent cell represents; 1 if latents are pixels.</summary>
    public abstract int DownsamplingFactor { get; }

    /// <summary>
    /// Whether the network should see latents with mean 0 and standard deviation 1 in each channel. Training then measures
    /// <see cref="Statistics"/> if there are none. Default true.
    /// </summary>
    public virtual bool NormalizesLatents => true;

    /// <summary>
    /// Statistics to normalise latents with. <see cref="Encode"/> then returns latents with mean 0 and standard deviation 1 in each
    /// channel, and <see cref="Decode"/> expects such latents. The statistics are saved beside the autoencoder and are not part of its
    /// <see cref="ModelPart.Fingerprint"/>. Null leaves latents unchanged. Default null.
    /// </summary>
    /// <exception cref="ArgumentException">The statistics have a different number of channels, or the autoencoder's latents are not
    /// normalised (<see cref="NormalizesLatents"/>).</exception>
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
    /// <param name="images">uint8 <c>[B, ImageChannels, H, W]</c>; H and W are multiples of <see cref="DownsamplingFactor"/>.</param>
    /// <returns>float32 <c>[B, Channels, H / factor, W / factor]</c> on the device of the images, normalised by <see cref="Statistics"/>.
    /// For a variational autoencoder, the posterior mean.</returns>
    /// <exception cref="ArgumentException">The images have the wrong type or shape.</exception>
    /// <exception cref="ObjectDisposedException">The weights have been freed.</exception>
    public torch.Tensor Encode(torch.Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        return Normalized(EncodeRaw(images).Mean).to(images.device).MoveToOuterDisposeScope();
    }

    /// <summary>Decodes latents.</summary>
    /// <param name="latents">Floating-point <c>[B, Channels, h, w]</c>, normalised by <see cref="Statistics"/>.</param>
    /// <returns>uint8 <c>[B, ImageChannels, h * factor, w * factor]</c>, on the device of the latents.</returns>
    /// <exception cref="ArgumentException">The latents have the wrong type or shape.</exception>
    /// <exception cref="ObjectDisposedException">The weights have been freed.</exception>
    public torch.Tensor Decode(torch.Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        if (!latents.is_floating_point() || latents.shape.Length != 4 || latents.shape[1] != Channels)
        {
            throw new ArgumentException(
                $"Latents must be floating-point [B, {Channels}, h, w]; got {latents.dtype} [{string.Join(", ", latents.shape)}].",
                nameof(latents));
        }

        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        return DecodeRaw(Statistics?.Denormalize(latents) ?? latents).to(latents.device).MoveToOuterDisposeScope();
    }

    /// <summary>Encodes images to latents before normalisation.</summary>
    /// <param name="images">uint8 <c>[B, ImageChannels, H, W]</c>.</param>
    /// <returns>
    /// New float32 tensors <c>[B, Channels, H / factor, W / factor]</c> on any device: the latents, and their standard deviations if
    /// training should sample latents from a normal distribution at each use. Otherwise the deviations are null.
    /// </returns>
    /// <exception cref="ArgumentException">The images have the wrong type or shape.</exception>
    public abstract (torch.Tensor Mean, torch.Tensor? Deviation) EncodeRaw(torch.Tensor images);

    /// <summary>Decodes latents that are not normalised.</summary>
    /// <param name="latents">Floating-point <c>[B, Channels, h, w]</c> on any device; the caller keeps ownership.</param>
    /// <returns>New tensor uint8 <c>[B, ImageChannels, h * factor, w * factor]</c>, on any device.</returns>
    public abstract torch.Tensor DecodeRaw(torch.Tensor latents);

    /// <summary>Returns this autoencoder with different statistics.</summary>
    /// <param name="statistics">Statistics to normalise latents with; null leaves latents unchanged.</param>
    /// <returns>An autoencoder that shares this one's weights. Dispose both; the weights are freed with the last of them.</returns>
    /// <exception cref="ArgumentException">The statistics have a different number of channels, or the autoencoder's latents are not
    /// normalised.</exception>
    /// <exception cref="ObjectDisposedException">The weights have been freed.</exception>
    public ImageAutoencoder WithStatistics(LatentStatistics? statistics)
    {
        RequireFitting(statistics);
        ImageAutoencoder handle = (ImageAutoencoder)NewHandle();
        handle.Statistics = statistics;
        return handle;
    }

    /// <summary>Encodes a data set and computes the statistics of its latents. Assign the result to <see cref="Statistics"/>.</summary>
    /// <param name="images">Batches of uint8 <c>[B, ImageChannels, H, W]</c>; the caller keeps ownership.</param>
    /// <returns>Mean and standard deviation of each channel of the latents before normalisation.</returns>
    /// <exception cref="ArgumentException">There are no images, or they have the wrong type or shape.</exception>
    /// <exception cref="ObjectDisposedException">The weights have been freed.</exception>
    public LatentStatistics ComputeStatistics(IEnumerable<torch.Tensor> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using LatentMoments moments = new();
        foreach (torch.Tensor batch in images)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable noGradient = torch.no_grad();
            using UseScope use = Use();
            moments.Add(EncodeRaw(batch).Mean);
        }

        return moments.ToStatistics();
    }

    /// <summary>Loads a published KL autoencoder (SD-VAE, VA-VAE and others of that layout). The model is inferred from the tensors in the
    /// file.</summary>
    /// <param name="path">A <c>.safetensors</c> file or a PyTorch checkpoint, with latent diffusion's or diffusers' tensor names.</param>
    /// <param name="device">Device to run on; null for the CPU.</param>
    /// <returns>A new autoencoder without statistics; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file holds no such autoencoder; the message names every tensor that does not
    /// match.</exception>
    public static KlAutoencoder Kl(string path, torch.Device? device = null) => KlAutoencoder.Load(path, device: device);

    /// <summary>Normalises latents as <see cref="Encode"/> returns them.</summary>
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
                $"The autoencoder's latents have {Channels} channels; these statistics have {statistics.Mean.Count}.", nameof(statistics));
        }
    }
}
