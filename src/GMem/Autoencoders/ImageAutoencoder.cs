using TorchSharp;

namespace GMem.Autoencoders;

/// <summary>Turns images into the latents that the network works on, and back.</summary>
public abstract class ImageAutoencoder : IDisposable
{
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

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}
