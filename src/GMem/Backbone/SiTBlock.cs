using GMem.Backbone.Kernels;

namespace GMem.Backbone;

/// <summary>A transformer block with adaLN: attention and MLP, each normalised and modulated before and gated after.</summary>
internal sealed class SiTBlock : torch.nn.Module
{
    public readonly RmsNorm? norm1;
    public readonly Attention attn;
    public readonly RmsNorm? norm2;
    public readonly FeedForward mlp;
    public readonly AdaLNModulation adaLN_modulation;
    private readonly bool _shift;

    public SiTBlock(SiTOptions options, torch.Device device, torch.ScalarType dtype)
        : base(nameof(SiTBlock))
    {
        _shift = options.UseShift;
        norm1 = options.UseRmsNorm ? new RmsNorm(options.HiddenSize, device, dtype) : null;
        attn = new Attention(options, device, dtype);
        norm2 = options.UseRmsNorm ? new RmsNorm(options.HiddenSize, device, dtype) : null;
        mlp = FeedForward.Create(options, device, dtype);
        adaLN_modulation = new AdaLNModulation(options.HiddenSize, options.ModulationChunks, device, dtype);
        RegisterComponents();
    }

    /// <summary>Tokens <c>[B, T, D]</c> to the same shape.</summary>
    /// <param name="x">Tokens.</param>
    /// <param name="modulation">
    /// Output of <see cref="adaLN_modulation"/> for each image, <c>[B, 6 D]</c>, or <c>[B, 4 D]</c> without shifts.
    /// </param>
    /// <param name="rotary">Rotary embedding, or null.</param>
    /// <param name="training">Whether a backward pass follows, now or after a second forward pass.</param>
    public torch.Tensor forward(torch.Tensor x, torch.Tensor modulation, RotaryEmbedding? rotary, bool training)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[] m = modulation.unsqueeze(1).chunk(_shift ? 6 : 4, -1);
        (torch.Tensor? shift1, torch.Tensor scale1, torch.Tensor gate1, torch.Tensor? shift2, torch.Tensor scale2, torch.Tensor gate2) =
            _shift ? (m[0], m[1], m[2], m[3], m[4], m[5]) : (null, m[0], m[1], null, m[2], m[3]);
        torch.Tensor y = GatedResidual.Of(
            x, gate1, attn.forward(TokenMath.NormaliseAndModulate(x, norm1, scale1, shift1), rotary, training));
        return GatedResidual.Of(y, gate2, mlp.forward(TokenMath.NormaliseAndModulate(y, norm2, scale2, shift2))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The trained parameters that <see cref="forward"/> uses: all but frozen ones and those of <see cref="adaLN_modulation"/>, which is
    /// applied before.
    /// </summary>
    public IEnumerable<Parameter> TokenParameters() => named_parameters()
        .Where(p => p.parameter.requires_grad && !p.name.StartsWith(nameof(adaLN_modulation), StringComparison.Ordinal))
        .Select(p => p.parameter);
}
