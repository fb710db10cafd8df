using GMem.FileFormats;

namespace GMem.Autoencoders.Kl;

/// <summary>Encoder, decoder and the two 1 x 1 convolutions around the latent, named as in latent diffusion's checkpoints.</summary>
internal sealed class KlNetwork : torch.nn.Module
{
    internal readonly KlEncoder encoder;
    internal readonly KlDecoder decoder;
    internal readonly Conv quant_conv;
    internal readonly Conv post_quant_conv;
    private readonly bool _variational;

    /// <summary>Creates the network; its weights are uninitialised until they are loaded.</summary>
    public KlNetwork(KlAutoencoderOptions options, WeightPlacement placement)
        : base(nameof(KlNetwork))
    {
        options.Validate();
        _variational = options.Variational;
        encoder = new KlEncoder(options, placement);
        decoder = new KlDecoder(options, placement);
        quant_conv = new Conv(2L * options.BottleneckChannels, (options.Variational ? 2L : 1L) * options.LatentChannels, 1, placement);
        post_quant_conv = new Conv(options.LatentChannels, options.BottleneckChannels, 1, placement);
        RegisterComponents();
    }

    /// <summary>Image <c>[B, 3, H, W]</c> in -1..1 to <c>[B, 2 * C, h, w]</c>: means, then log variances (set to 1 if not
    /// variational).</summary>
    public torch.Tensor Moments(torch.Tensor image)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor moments = quant_conv.forward(encoder.forward(image));
        return (_variational ? moments : torch.cat([moments, torch.ones_like(moments)], 1)).MoveToOuterDisposeScope();
    }

    /// <summary>Latent <c>[B, C, h, w]</c> to image <c>[B, 3, H, W]</c> with values around -1..1, not clamped.</summary>
    public torch.Tensor DecodeImage(torch.Tensor latent)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return decoder.forward(post_quant_conv.forward(latent)).MoveToOuterDisposeScope();
    }
}
