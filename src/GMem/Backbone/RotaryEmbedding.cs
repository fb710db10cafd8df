namespace GMem.Backbone;

/// <summary>Rotary position embedding in two dimensions; one table, shared by all blocks.</summary>
internal sealed class RotaryEmbedding : torch.nn.Module
{
    // Buffers of the official checkpoints, [T, head].
    public readonly torch.Tensor freqs_cos;
    public readonly torch.Tensor freqs_sin;

    public RotaryEmbedding(SiTOptions options, torch.Device device, torch.ScalarType dtype)
        : base(nameof(RotaryEmbedding))
    {
        freqs_cos = torch.empty(options.TokenCount, options.HeadSize, dtype: dtype, device: device).DetachFromDisposeScope();
        freqs_sin = torch.empty(options.TokenCount, options.HeadSize, dtype: dtype, device: device).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>Turns each pair of neighbouring entries of <c>[..., T, head]</c> by its token's angle.</summary>
    public torch.Tensor forward(torch.Tensor x)
    {
        (torch.Tensor first, torch.Tensor second) = Pairs(x);
        (torch.Tensor cos1, torch.Tensor cos2) = Pairs(freqs_cos);
        (torch.Tensor sin1, torch.Tensor sin2) = Pairs(freqs_sin);
        return torch.stack([(first * cos1) - (second * sin1), (second * cos2).PlusInPlace(first * sin2)], -1).flatten(-2);
    }

    private static (torch.Tensor First, torch.Tensor Second) Pairs(torch.Tensor x)
    {
        long head = x.shape[^1];
        return (x.slice(-1, 0, head, 2), x.slice(-1, 1, head, 2));
    }
}
