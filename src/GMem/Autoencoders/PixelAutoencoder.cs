using System.Text.Json.Serialization;
using GMem.Images;
using GMem.Parts;

namespace GMem.Autoencoders;

/// <summary>The identity autoencoder: a latent is the image itself, with values mapped from 0..255 to -1..1.</summary>
/// <param name="channels">Channels of the images: 1, 3 or 4.</param>
internal sealed class PixelAutoencoder(int channels = ImageShape.Rgb) : ImageAutoencoder
{
    internal static readonly PartKind SavedKind = new("pixels");

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <inheritdoc/>
    public override bool IsThreadSafe => true;

    /// <inheritdoc/>
    public override int Channels => channels;

    /// <inheritdoc/>
    public override int ImageChannels => channels;

    /// <inheritdoc/>
    public override int DownsamplingFactor => 1;

    /// <summary>False: pixels have a fixed range.</summary>
    public override bool NormalizesLatents => false;

    /// <inheritdoc/>
    public override (torch.Tensor Mean, torch.Tensor? Deviation) EncodeRaw(torch.Tensor images)
    {
        ImageTensors.CheckBatch(images, nameof(images), channels);
        return (images.to(torch.float32).TimesInPlace(2.0 / 255).PlusInPlace(-1), null);
    }

    /// <inheritdoc/>
    public override torch.Tensor DecodeRaw(torch.Tensor latents)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return latents.Times(127.5).PlusInPlace(127.5).round_().ClampInPlace(0, 255).to(torch.uint8).MoveToOuterDisposeScope();
    }

    /// <summary>Earlier models, which were all RGB, have no settings here; those of RGB still have none.</summary>
    public override PartConfiguration SaveConfiguration() =>
        PartConfiguration.From(new Settings { Channels = channels == ImageShape.Rgb ? null : channels });

    internal static PixelAutoencoder Load(SavedPart saved)
    {
        int channels = saved.Configuration.Read<Settings>().Channels ?? ImageShape.Rgb;
        return ImageShape.IsChannelCount(channels)
            ? new PixelAutoencoder(channels)
            : throw new InvalidDataException($"Pixels have 1, 3 or 4 channels, not {channels}.");
    }

    private sealed class Settings
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public int? Channels { get; init; }
    }
}
