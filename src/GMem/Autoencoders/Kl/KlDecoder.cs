using GMem.FileFormats;

namespace GMem.Autoencoders.Kl;

/// <summary>Features <c>[B, bottleneck, h, w]</c> to image <c>[B, 3, h * f, w * f]</c>.</summary>
internal sealed class KlDecoder : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    internal readonly Conv conv_in;
    internal readonly MiddleBlock mid;
    internal readonly ModuleList<Level> up; // by level, where 0 is the highest resolution: run from last to first
    private readonly Norm norm_out;
    private readonly Conv conv_out;

    public KlDecoder(KlAutoencoderOptions options, WeightPlacement placement)
        : base(nameof(KlDecoder))
    {
        long channels = (long)options.BaseChannels * options.ChannelMultipliers[^1];
        conv_in = new Conv(options.BottleneckChannels, channels, 3, placement);
        mid = new MiddleBlock(channels, placement);
        List<Level> levels = [];
        for (int i = options.ChannelMultipliers.Count - 1; i >= 0; i--)
        {
            long outputs = (long)options.BaseChannels * options.ChannelMultipliers[i];
            Upsample? upsample = i > 0 ? new Upsample(outputs, placement) : null;
            levels.Insert(0, new Level(
                channels, outputs, options.ResidualBlocks + 1, options.DecoderAttentionLevels.Contains(i), null, upsample, placement));
            channels = outputs;
        }

        up = new ModuleList<Level>([.. levels]);
        norm_out = new Norm(channels, placement);
        conv_out = new Conv(channels, 3, 3, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor hidden = mid.forward(conv_in.forward(input));
        for (int i = up.Count - 1; i >= 0; i--)
        {
            torch.Tensor previous = hidden;
            hidden = up[i].forward(previous);
            previous.Dispose();
        }

        return conv_out.forward(torch.nn.functional.silu(norm_out.forward(hidden), inplace: true)).MoveToOuterDisposeScope();
    }
}
