using GMem.FileFormats;

namespace GMem.Autoencoders.Kl;

/// <summary>norm1, SiLU, conv1, norm2, SiLU, conv2, plus the input (through a 1 x 1 convolution where the channels change).</summary>
internal sealed class ResidualBlock : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Norm norm1;
    private readonly Conv conv1;
    private readonly Norm norm2;
    private readonly Conv conv2;
    private readonly Conv? nin_shortcut;

    public ResidualBlock(long inputs, long outputs, WeightPlacement placement)
        : base(nameof(ResidualBlock))
    {
        norm1 = new Norm(inputs, placement);
        conv1 = new Conv(inputs, outputs, 3, placement);
        norm2 = new Norm(outputs, placement);
        conv2 = new Conv(outputs, outputs, 3, placement);
        nin_shortcut = inputs == outputs ? null : new Conv(inputs, outputs, 1, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor hidden = conv1.forward(torch.nn.functional.silu(norm1.forward(input), inplace: true));
        hidden = conv2.forward(torch.nn.functional.silu(norm2.forward(hidden), inplace: true));
        return hidden.PlusInPlace(nin_shortcut?.forward(input) ?? input).MoveToOuterDisposeScope();
    }
}

/// <summary>Self-attention over all positions, with one head of the full width, plus the input.</summary>
internal sealed class AttentionBlock : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Norm norm;
    private readonly Conv q;
    private readonly Conv k;
    private readonly Conv v;
    private readonly Conv proj_out;

    public AttentionBlock(long channels, WeightPlacement placement)
        : base(nameof(AttentionBlock))
    {
        norm = new Norm(channels, placement);
        q = new Conv(channels, channels, 1, placement);
        k = new Conv(channels, channels, 1, placement);
        v = new Conv(channels, channels, 1, placement);
        proj_out = new Conv(channels, channels, 1, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor normed = norm.forward(input);
        torch.Tensor attended = torch.nn.functional.scaled_dot_product_attention(
            Sequence(q.forward(normed)), Sequence(k.forward(normed)), Sequence(v.forward(normed))); // [B, 1, h * w, C]
        torch.Tensor image = attended.squeeze(1).transpose(1, 2).reshape(input.shape);
        return proj_out.forward(image).PlusInPlace(input).MoveToOuterDisposeScope();
    }

    private static torch.Tensor Sequence(torch.Tensor image) => image.flatten(2).transpose(1, 2).unsqueeze(1);
}

/// <summary>The middle block, at the lowest resolution: a residual block, attention, a residual block.</summary>
internal sealed class MiddleBlock : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    internal readonly ResidualBlock block_1;
    internal readonly AttentionBlock attn_1;
    internal readonly ResidualBlock block_2;

    public MiddleBlock(long channels, WeightPlacement placement)
        : base(nameof(MiddleBlock))
    {
        block_1 = new ResidualBlock(channels, channels, placement);
        attn_1 = new AttentionBlock(channels, placement);
        block_2 = new ResidualBlock(channels, channels, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return block_2.forward(attn_1.forward(block_1.forward(input))).MoveToOuterDisposeScope();
    }
}

/// <summary>One level: residual blocks, each followed by attention if the level has it, then the change of resolution, if any.</summary>
internal sealed class Level : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    internal readonly ModuleList<ResidualBlock> block;
    internal readonly ModuleList<AttentionBlock> attn;
    internal readonly Downsample? downsample;
    internal readonly Upsample? upsample;

    public Level(long inputs, long outputs, int blocks, bool attention, Downsample? downsample, Upsample? upsample,
        WeightPlacement placement)
        : base(nameof(Level))
    {
        block = new ModuleList<ResidualBlock>(
            [.. Enumerable.Range(0, blocks).Select(b => new ResidualBlock(b == 0 ? inputs : outputs, outputs, placement))]);
        attn = new ModuleList<AttentionBlock>(
            [.. Enumerable.Range(0, attention ? blocks : 0).Select(_ => new AttentionBlock(outputs, placement))]);
        this.downsample = downsample;
        this.upsample = upsample;
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor hidden = RunBlocks(input);
        hidden = downsample?.forward(hidden) ?? upsample?.forward(hidden) ?? hidden;
        return hidden.MoveToOuterDisposeScope();
    }

    /// <summary>Runs everything except the change of resolution.</summary>
    internal torch.Tensor RunBlocks(torch.Tensor input)
    {
        torch.Tensor hidden = input;
        for (int b = 0; b < block.Count; b++)
        {
            hidden = Replace(hidden, block[b].forward(hidden), input);
            hidden = b < attn.Count ? Replace(hidden, attn[b].forward(hidden), input) : hidden;
        }

        return hidden;
    }

    // At full resolution one activation of a large image takes hundreds of megabytes, so the previous one is freed at once.
    private static torch.Tensor Replace(torch.Tensor previous, torch.Tensor next, torch.Tensor input)
    {
        if (!ReferenceEquals(previous, input))
        {
            previous.Dispose();
        }

        return next;
    }
}
