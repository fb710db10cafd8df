using GMem.FileFormats;

namespace GMem.Encoders.DinoV2;

/// <summary>Multi-head self-attention with one projection for queries, keys and values.</summary>
internal sealed class DinoV2Attention : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Linear qkv;
    private readonly Linear proj;
    private readonly long _heads;

    public DinoV2Attention(DinoV2Options options, WeightPlacement placement)
        : base(nameof(DinoV2Attention))
    {
        _heads = options.Heads;
        qkv = new Linear(options.EmbedDim, 3L * options.EmbedDim, placement);
        proj = new Linear(options.EmbedDim, options.EmbedDim, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        long batch = input.shape[0], tokens = input.shape[1], width = input.shape[2];
        torch.Tensor split = qkv.forward(input).reshape(batch, tokens, 3, _heads, width / _heads).permute(2, 0, 3, 1, 4); // [3, B, H, T, d]
        torch.Tensor attended = torch.nn.functional.scaled_dot_product_attention(split[0], split[1], split[2]); // [B, H, T, d]
        return proj.forward(attended.transpose(1, 2).reshape(batch, tokens, width));
    }
}

/// <summary>Two layers with an exact (erf) GELU between them.</summary>
internal sealed class DinoV2Mlp : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Linear fc1;
    private readonly Linear fc2;

    public DinoV2Mlp(DinoV2Options options, WeightPlacement placement)
        : base(nameof(DinoV2Mlp))
    {
        fc1 = new Linear(options.EmbedDim, options.HiddenDim, placement);
        fc2 = new Linear(options.HiddenDim, options.EmbedDim, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input) => fc2.forward(torch.nn.functional.gelu(fc1.forward(input)));
}

/// <summary>SwiGLU with both halves in one projection: <c>w3(silu(first) * second)</c>.</summary>
internal sealed class DinoV2SwiGlu : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Linear w12;
    private readonly Linear w3;

    public DinoV2SwiGlu(DinoV2Options options, WeightPlacement placement)
        : base(nameof(DinoV2SwiGlu))
    {
        w12 = new Linear(options.EmbedDim, 2L * options.HiddenDim, placement);
        w3 = new Linear(options.HiddenDim, options.EmbedDim, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        torch.Tensor[] halves = w12.forward(input).chunk(2, -1);
        return w3.forward(torch.nn.functional.silu(halves[0]).mul_(halves[1]));
    }
}

/// <summary>One pre-norm block: attention, then the MLP, each with its LayerScale on a residual branch.</summary>
internal sealed class DinoV2Block : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    internal readonly LayerNorm norm1;
    internal readonly DinoV2Attention attn;
    internal readonly LayerScale ls1;
    internal readonly LayerNorm norm2;
    internal readonly torch.nn.Module<torch.Tensor, torch.Tensor> mlp;
    internal readonly LayerScale ls2;

    public DinoV2Block(DinoV2Options options, WeightPlacement placement)
        : base(nameof(DinoV2Block))
    {
        norm1 = new LayerNorm(options.EmbedDim, placement);
        attn = new DinoV2Attention(options, placement);
        ls1 = new LayerScale(options.EmbedDim, placement);
        norm2 = new LayerNorm(options.EmbedDim, placement);
        mlp = options.SwiGlu ? new DinoV2SwiGlu(options, placement) : new DinoV2Mlp(options, placement);
        ls2 = new LayerScale(options.EmbedDim, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor attended = input.Plus(ls1.forward(attn.forward(norm1.forward(input))));
        return attended.PlusInPlace(ls2.forward(mlp.forward(norm2.forward(attended)))).MoveToOuterDisposeScope();
    }
}
