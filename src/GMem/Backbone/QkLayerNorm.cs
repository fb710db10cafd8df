namespace GMem.Backbone;

/// <summary>LayerNorm of each head's queries or keys, with weight and bias. Epsilon 1e-5.</summary>
internal sealed class QkLayerNorm : torch.nn.Module
{
    private const double Epsilon = 1e-5;

    public readonly Parameter weight;
    public readonly Parameter bias;
    private readonly long[] _shape;

    public QkLayerNorm(long size, torch.Device device, torch.ScalarType dtype)
        : base(nameof(QkLayerNorm))
    {
        _shape = [size];
        weight = Linear.Unset([size], device, dtype);
        bias = Linear.Unset([size], device, dtype);
        RegisterComponents();
    }

    /// <summary><c>[..., size]</c> to the same shape.</summary>
    public torch.Tensor forward(torch.Tensor x) => torch.nn.functional.layer_norm(x, _shape, weight, bias, Epsilon);
}
