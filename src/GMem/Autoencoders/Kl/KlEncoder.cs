using GMem.FileFormats;

namespace GMem.Autoencoders.Kl;

/// <summary>Image <c>[B, 3, H, W]</c> to features <c>[B, 2 * bottleneck, H / f, W / f]</c>.</summary>
internal sealed class KlEncoder : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    internal readonly Conv conv_in;
    internal readonly ModuleList<Level> down;
    internal readonly MiddleBlock mid;
    private readonly Norm norm_out;
    private readonly Conv conv_out;

    public KlEncoder(KlAutoencoderOptions options, WeightPlacement placement)
        : base(nameof(KlEncoder))
    {
        conv_in = new Conv(3, options.BaseChannels, 3, placement);
        long channels = options.BaseChannels;
        int last = options.ChannelMultipliers.Count - 1;
        List<Level> levels = [];
        for (int i = 0; i <= last; i++)
        {
            long outputs = (long)options.BaseChannels * options.ChannelMultipliers[i];
            Downsample? downsample = i < last ? new Downsample(outputs, placement) : null;
            levels.Add(new Level(
                channels, outputs, options.ResidualBlocks, options.EncoderAttentionLevels.Contains(i), downsample, null, placement));
            channels = outputs;
        }

        down = new ModuleList<Level>([.. levels]);
        mid = new MiddleBlock(channels, placement);
        norm_out = new Norm(channels, placement);
        conv_out = new Conv(channels, 2L * options.BottleneckChannels, 3, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor hidden = conv_in.forward(input);
        foreach (Level level in down)
        {
            torch.Tensor previous = hidden;
            hidden = level.forward(previous);
            previous.Dispose();
        }

        return Finish(mid.forward(hidden)).MoveToOuterDisposeScope();
    }

    /// <summary>The layers after the middle block.</summary>
    internal torch.Tensor Finish(torch.Tensor hidden) =>
        conv_out.forward(torch.nn.functional.silu(norm_out.forward(hidden), inplace: true));
}
