using GMem.Images;
using GMem.Parts;

namespace GMem.Autoencoders;

/// <summary>The identity autoencoder: a latent is the image itself, with values mapped from 0..255 to -1..1.</summary>
internal sealed class PixelAutoencoder : ImageAutoencoder
{
    internal static readonly PartKind SavedKind = new("pixels");

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <inheritdoc/>
    public override bool IsThreadSafe => true;

    /// <inheritdoc/>
    public override int Channels => 3;

    /// <inheritdoc/>
    public override int DownsamplingFactor => 1;

    /// <summary>False: pixels have a fixed range.</summary>
    public override bool NormalizesLatents => false;

    /// <inheritdoc/>
    public override (torch.Tensor Mean, torch.Tensor? Deviation) EncodeRaw(torch.Tensor images)
    {
        ImageTensors.CheckBatch(images, nameof(images));
        return (images.to(torch.float32).TimesInPlace(2.0 / 255).PlusInPlace(-1), null);
    }

    /// <inheritdoc/>
    public override torch.Tensor DecodeRaw(torch.Tensor latents)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return latents.Times(127.5).PlusInPlace(127.5).round_().ClampInPlace(0, 255).to(torch.uint8).MoveToOuterDisposeScope();
    }

    internal static PixelAutoencoder Load(SavedPart saved)
    {
        _ = saved.Configuration.Read<NoSettings>();
        return new PixelAutoencoder();
    }

    private sealed class NoSettings;
}
