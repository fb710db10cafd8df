using GMem.Images;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Autoencoders;

/// <summary>No autoencoder: a latent is the image itself, its values from 0..255 mapped to -1..1.</summary>
public sealed class PixelAutoencoder : ImageAutoencoder
{
    /// <summary>The <see cref="Kind"/> of this autoencoder.</summary>
    internal const string KindName = "pixels";

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override int Channels => 3;

    /// <inheritdoc/>
    public override int DownsamplingFactor => 1;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The images have another type or shape.</exception>
    public override torch.Tensor Encode(torch.Tensor images)
    {
        ImageTensors.CheckBatch(images, nameof(images));
        return images.to(torch.float32).TimesInPlace(2.0 / 255).PlusInPlace(-1);
    }

    /// <inheritdoc/>
    public override torch.Tensor Decode(torch.Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using DisposeScope scope = torch.NewDisposeScope();
        return latents.Times(127.5).PlusInPlace(127.5).round_().ClampInPlace(0, 255).to(torch.uint8).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override string SaveConfiguration() => "{}";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() => new Dictionary<string, torch.Tensor>();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
