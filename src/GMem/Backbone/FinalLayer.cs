namespace GMem.Backbone;

/// <summary>The last layer: normalises, modulates (always with a shift) and maps each token to the pixels of its patch.</summary>
internal sealed class FinalLayer : torch.nn.Module
{
    public readonly RmsNorm? norm_final;
    public readonly Linear linear;
    public readonly AdaLNModulation adaLN_modulation;

    public FinalLayer(SiTOptions options, torch.Device device, torch.ScalarType dtype)
        : base(nameof(FinalLayer))
    {
        norm_final = options.UseRmsNorm ? new RmsNorm(options.HiddenSize, device, dtype) : null;
        linear = new Linear(options.HiddenSize, (long)options.PatchSize * options.PatchSize * options.OutputChannels, device, dtype);
        adaLN_modulation = new AdaLNModulation(options.HiddenSize, 2, device, dtype);
        RegisterComponents();
    }

    /// <summary>Tokens <c>[B, T, D]</c> and the layer's modulation <c>[B, 2 D]</c> to <c>[B, T, p p C]</c>.</summary>
    public torch.Tensor forward(torch.Tensor x, torch.Tensor modulation)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[] m = modulation.unsqueeze(1).chunk(2, -1);
        return linear.forward(TokenMath.NormaliseAndModulate(x, norm_final, scale: m[1], shift: m[0])).MoveToOuterDisposeScope();
    }
}
