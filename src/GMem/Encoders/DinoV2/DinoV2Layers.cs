using GMem.FileFormats;

namespace GMem.Encoders.DinoV2;

/// <summary>An affine map of the last axis.</summary>
internal sealed class Linear : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    public Linear(long inputs, long outputs, WeightPlacement placement)
        : base(nameof(Linear))
    {
        weight = placement.Empty(outputs, inputs);
        bias = placement.Empty(outputs);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input) => torch.nn.functional.linear(input, weight, bias);
}

/// <summary>Normalises the last axis, with eps 1e-6, then scales and shifts it.</summary>
internal sealed class LayerNorm : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    public LayerNorm(long width, WeightPlacement placement)
        : base(nameof(LayerNorm))
    {
        weight = placement.Empty(width);
        bias = placement.Empty(width);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input) =>
        torch.nn.functional.layer_norm(input, weight.shape, weight, bias, 1e-6);
}

/// <summary>A learned factor for each channel of a residual branch.</summary>
internal sealed class LayerScale : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Parameter gamma;

    public LayerScale(long width, WeightPlacement placement)
        : base(nameof(LayerScale))
    {
        gamma = placement.Empty(width);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input) => input * gamma;
}

/// <summary>The convolution, with stride equal to its kernel, which makes a token of each patch.</summary>
internal sealed class PatchProjection : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    public PatchProjection(long patchSize, long width, WeightPlacement placement)
        : base(nameof(PatchProjection))
    {
        weight = placement.Empty(width, 3, patchSize, patchSize);
        bias = placement.Empty(width);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        long patchSize = weight.shape[^1];
        return torch.nn.functional.conv2d(input, weight, bias, strides: [patchSize, patchSize]);
    }
}

/// <summary>Image <c>[B, 3, H, W]</c> to tokens <c>[B, T, D]</c> in row-major order.</summary>
internal sealed class PatchEmbedding : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly PatchProjection proj;

    public PatchEmbedding(DinoV2Options options, WeightPlacement placement)
        : base(nameof(PatchEmbedding))
    {
        proj = new PatchProjection(options.PatchSize, options.EmbedDim, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input) => proj.forward(input).flatten(2).transpose(1, 2);
}
