using GMem.Images;
using TorchSharp;

namespace GMem.Autoencoders;

/// <summary>No autoencoder: a latent is the image itself, its values from 0..255 mapped to -1..1.</summary>
public sealed class PixelAutoencoder : ImageAutoencoder
{
    /// <inheritdoc/>
    public override string Kind => "pixels";

    /// <inheritdoc/>
    public override int Channels => 3;

    /// <inheritdoc/>
    public override int DownsamplingFactor => 1;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The images have another type or shape.</exception>
    public override torch.Tensor Encode(torch.Tensor images)
    {
        ImageTensors.CheckBatch(images, nameof(images));
        return images.to(torch.float32).mul_(2.0 / 255).sub_(1.0);
    }

    /// <inheritdoc/>
    public override torch.Tensor Decode(torch.Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using DisposeScope scope = torch.NewDisposeScope();
        return latents.add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
