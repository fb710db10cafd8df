using GMem.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HeadlineResult.Encoders;

/// <summary>A small vision transformer: patches of 4 pixels, three layers, the mean of the tokens.</summary>
internal sealed class SmallViT : Module<Tensor, Tensor>
{
    private const int Patch = 4;
    private const int Layers = 3;
    private const int Heads = 4;

    private readonly Conv2d _embed;
    private readonly Parameter _positions;
    private readonly TransformerEncoder _blocks;
    private readonly LayerNorm _norm;

    public SmallViT(int width, int imageSide)
        : base(nameof(SmallViT))
    {
        int tokens = imageSide / Patch * (imageSide / Patch);
        _embed = Conv2d(3, width, Patch, stride: Patch);
        _positions = new Parameter(zeros(tokens, 1, width));
        _blocks = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(width, Heads, 2 * width, dropout: 0, activation: Activations.GELU), Layers);
        _norm = LayerNorm(width);
        RegisterComponents();
    }

    /// <param name="input">float32 <c>[B, 3, S, S]</c>.</param>
    /// <returns><c>[B, width]</c>.</returns>
    public override Tensor forward(Tensor input)
    {
        Tensor tokens = _embed.forward(input).flatten(2).permute(2, 0, 1).Plus(_positions);
        return _norm.forward(_blocks.forward(tokens, null, null).mean([0L]));
    }
}
