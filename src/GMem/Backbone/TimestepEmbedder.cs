namespace GMem.Backbone;

/// <summary>Embeds the time: cosines and sines of <c>t / 10000^(i / half)</c>, then two linear layers.</summary>
internal sealed class TimestepEmbedder : torch.nn.Module
{
    public readonly SiluMlp mlp;
    private readonly int _half;

    public TimestepEmbedder(SiTOptions options, torch.Device device, torch.ScalarType dtype)
        : base(nameof(TimestepEmbedder))
    {
        _half = options.FrequencyEmbeddingSize / 2;
        mlp = new SiluMlp([options.FrequencyEmbeddingSize, options.HiddenSize, options.HiddenSize], device, dtype);
        RegisterComponents();
    }

    /// <summary>Times <c>[B]</c> to <c>[B, D]</c>. The features are computed in the type of <paramref name="t"/>.</summary>
    public torch.Tensor forward(torch.Tensor t)
    {
        torch.Tensor exponents = torch.linspace(0, _half - 1, _half, dtype: t.dtype, device: t.device);
        torch.Tensor frequencies = exponents.TimesInPlace(-Math.Log(10000) / _half).exp_();
        torch.Tensor angles = t.unsqueeze(1) * frequencies;
        return mlp.forward(torch.cat([angles.cos(), angles.sin()], 1));
    }
}
