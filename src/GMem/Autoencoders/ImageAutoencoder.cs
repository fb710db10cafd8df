using GMem.Runtime;
using TorchSharp;

namespace GMem.Autoencoders;

/// <summary>Turns images into the latents that the network works on, and back.</summary>
public abstract class ImageAutoencoder : IDisposable
{
    private readonly UseCount _uses = new();

    /// <summary>The kind, as written into a saved model (for instance <c>pixels</c>).</summary>
    public abstract string Kind { get; }

    /// <summary>Channels of a latent.</summary>
    public abstract int Channels { get; }

    /// <summary>How many pixels one latent cell stands for along a side; 1 for pixels.</summary>
    public abstract int DownsamplingFactor { get; }

    /// <summary>Encodes images.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB.</param>
    /// <returns>float32 <c>[B, Channels, H / factor, W / factor]</c> on the device of the images.</returns>
    public abstract torch.Tensor Encode(torch.Tensor images);

    /// <summary>Decodes latents.</summary>
    /// <param name="latents">float32 <c>[B, Channels, h, w]</c>.</param>
    /// <returns>uint8 <c>[B, 3, h * factor, w * factor]</c>, RGB, on the device of the latents.</returns>
    public abstract torch.Tensor Decode(torch.Tensor latents);

    /// <summary>The settings needed to load it again, as JSON.</summary>
    public abstract string SaveConfiguration();

    /// <summary>The tensors needed to load it again, by name; they stay the autoencoder's.</summary>
    public abstract IReadOnlyDictionary<string, torch.Tensor> SaveTensors();

    /// <summary>Loads a published KL autoencoder (SD-VAE, VA-VAE and others of that layout); which it is, the file's tensors say.</summary>
    /// <param name="path">A <c>.safetensors</c> file or a PyTorch checkpoint, with the names of latent diffusion or of diffusers.</param>
    /// <param name="device">Where it runs; null takes the CPU.</param>
    /// <returns>A new autoencoder without statistics; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It holds no such autoencoder; the message names all tensors that do not fit.</exception>
    public static KlAutoencoder Kl(string path, torch.Device? device = null) => KlAutoencoder.Load(path, device: device);

    /// <summary>Loads an autoencoder of any kind.</summary>
    /// <param name="kind">Its <see cref="Kind"/>.</param>
    /// <param name="configurationJson">What <see cref="SaveConfiguration"/> gave.</param>
    /// <param name="tensors">What <see cref="SaveTensors"/> gave; copied, they stay the caller's.</param>
    /// <param name="device">Where it runs; null takes the CPU.</param>
    /// <returns>The autoencoder; dispose it.</returns>
    /// <exception cref="InvalidDataException">The kind is not known, or the rest does not fit it; the message says what.</exception>
    public static ImageAutoencoder Load(string kind, string configurationJson, IReadOnlyDictionary<string, torch.Tensor> tensors, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(configurationJson);
        ArgumentNullException.ThrowIfNull(tensors);
        return kind switch
        {
            PixelAutoencoder.KindName => new PixelAutoencoder(),
            KlAutoencoder.KindName => KlAutoencoder.FromSaved(configurationJson, tensors, device),
            _ => throw new InvalidDataException(
                $"The autoencoder '{kind}' is not known to this version; it knows '{PixelAutoencoder.KindName}' and '{KlAutoencoder.KindName}'."),
        };
    }

    /// <summary>What latents are normalised by after <see cref="EncodeRaw"/>; null where there is nothing to do.</summary>
    internal virtual LatentStatistics? Normalisation => null;

    /// <summary>Whether encoding on several threads at once is safe, and faster than on one.</summary>
    internal virtual bool RunsOnManyThreads => false;

    /// <summary>Whether statistics can be given to it by <see cref="WithNormalisation"/>.</summary>
    internal virtual bool CanNormalise => false;

    /// <summary>All that decides what <see cref="EncodeRaw"/> gives, but for the weights.</summary>
    internal virtual string EncodingSettings => SaveConfiguration();

    /// <summary>Latents as they are cached: before normalisation, and with their deviation where they are drawn from a distribution. Float32 on the CPU.</summary>
    internal virtual (torch.Tensor Mean, torch.Tensor? Deviation) EncodeRaw(torch.Tensor images)
    {
        using torch.Tensor latents = Encode(images);
        return (latents.to(torch.CPU).to(torch.float32), null);
    }

    /// <summary>A second handle on the same weights with statistics of its own; dispose both.</summary>
    internal virtual ImageAutoencoder WithNormalisation(LatentStatistics? statistics) =>
        throw new NotSupportedException($"Latents of the autoencoder '{Kind}' are not normalised by statistics.");

    /// <summary>Lets go of the autoencoder. Models that were made with it share its weights, which are freed with the last of them.</summary>
    public void Dispose()
    {
        if (_uses.RemoveOwner())
        {
            Dispose(true);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>One more user, who calls <see cref="Release"/> when done.</summary>
    internal ImageAutoencoder Share()
    {
        _ = _uses.TryAdd();
        return this;
    }

    /// <summary>Ends a <see cref="Share"/>.</summary>
    internal void Release()
    {
        if (_uses.Remove())
        {
            Dispose(true);
        }
    }

    /// <summary>Frees the tensors; called once, when nobody needs them any more.</summary>
    /// <param name="disposing">True.</param>
    protected abstract void Dispose(bool disposing);
}
