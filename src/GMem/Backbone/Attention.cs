namespace GMem.Backbone;

/// <summary>Multi-head self-attention; queries, keys and values come from one product.</summary>
internal sealed class Attention : torch.nn.Module
{
    /// <summary>At 512 tokens the scores of one head take 1 MB.</summary>
    private const long MostTokensOfPlainAttention = 512;

    public readonly Linear qkv;
    public readonly Linear proj;
    public readonly torch.nn.Module? q_norm;
    public readonly torch.nn.Module? k_norm;
    private readonly int _heads;

    public Attention(SiTOptions options, torch.Device device, torch.ScalarType dtype)
        : base(nameof(Attention))
    {
        _heads = options.HeadCount;
        qkv = new Linear(options.HiddenSize, 3L * options.HiddenSize, device, dtype);
        proj = new Linear(options.HiddenSize, options.HiddenSize, device, dtype);
        if (options.UseQkNorm)
        {
            q_norm = CreateNorm(options, device, dtype);
            k_norm = CreateNorm(options, device, dtype);
        }

        RegisterComponents();
    }

    /// <summary>Tokens <c>[B, T, D]</c> to the same shape.</summary>
    public torch.Tensor forward(torch.Tensor x, RotaryEmbedding? rotary, bool training)
    {
        long batch = x.shape[0], tokens = x.shape[1];

        // [B, T, 3, H, head] -> three times [B, H, T, head]; views, which the attention kernel takes as they are.
        torch.Tensor[] parts = qkv.forward(x).view(batch, tokens, 3, _heads, -1).transpose(1, 3).unbind(2);
        torch.Tensor query = Normalise(q_norm, parts[0]), key = Normalise(k_norm, parts[1]);
        if (rotary is not null)
        {
            (query, key) = (rotary.forward(query), rotary.forward(key));
        }

        torch.Tensor mixed = Mix(query, key, parts[2], training);
        return proj.forward(mixed.transpose(1, 2).flatten(2));
    }

    /// <summary>
    /// Softmax attention. The fused kernel keeps no [T, T] scores, but on a CPU its backward pass is a third slower than plain products as
    /// long as those fit.
    /// </summary>
    private static torch.Tensor Mix(torch.Tensor query, torch.Tensor key, torch.Tensor value, bool training)
    {
        bool plain = training && query.device_type == DeviceType.CPU && query.shape[2] <= MostTokensOfPlainAttention;
        return plain
            ? query.Times(1 / Math.Sqrt(query.shape[3])).matmul(key.transpose(2, 3)).softmax(-1).matmul(value)
            : torch.nn.functional.scaled_dot_product_attention(query, key, value);
    }

    private static torch.nn.Module CreateNorm(SiTOptions options, torch.Device device, torch.ScalarType dtype) =>
        options.UseRmsNorm ? new RmsNorm(options.HeadSize, device, dtype) : new QkLayerNorm(options.HeadSize, device, dtype);

    private static torch.Tensor Normalise(torch.nn.Module? norm, torch.Tensor x) => norm switch
    {
        RmsNorm rms => rms.forward(x),
        QkLayerNorm layer => layer.forward(x),
        _ => x,
    };
}
