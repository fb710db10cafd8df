using GMem.Autoencoders;
using GMem.Parts;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Latents;

/// <summary>Counts the images that it encodes to latents of fixed deviation; a stand-in for a network that takes hours.</summary>
internal sealed class CountingAutoencoder(double shift = 0) : ImageAutoencoder
{
    public long Encoded { get; private set; }

    public override PartKind Kind => new("counting");

    public override int Channels => 3;

    public override int DownsamplingFactor => 2;

    public override bool NormalizesLatents => false;

    public override (torch.Tensor Mean, torch.Tensor? Deviation) EncodeRaw(torch.Tensor images)
    {
        Encoded += images.shape[0];
        using torch.Tensor values = images.to(torch.float32);
        using torch.Tensor pooled = torch.nn.functional.avg_pool2d(values, 2);
        return (pooled.DividedBy(64).Plus(-2).Plus(shift), null);
    }

    public override torch.Tensor DecodeRaw(torch.Tensor latents)
    {
        using torch.Tensor values = latents.Plus(2).Times(64).Clamped(0, 255).to(torch.uint8);
        return torch.repeat_interleave(torch.repeat_interleave(values, 2, 2), 2, 3);
    }

    public override PartConfiguration SaveConfiguration() => PartConfiguration.From(new { Shift = shift });
}
