namespace GMem.Backbone;

/// <summary>Division by the root of the mean square over the last axis, times a weight. Epsilon 1e-6.</summary>
internal sealed class RmsNorm : torch.nn.Module
{
    private const double Epsilon = 1e-6;

    public readonly Parameter weight;

    public RmsNorm(long size, torch.Device device, torch.ScalarType dtype)
        : base(nameof(RmsNorm))
    {
        weight = Linear.Unset([size], device, dtype);
        RegisterComponents();
    }

    /// <summary><c>[..., size]</c> to the same shape.</summary>
    public torch.Tensor forward(torch.Tensor x)
    {
        // In the weight's type, also where mixed precision hands in bfloat16.
        x = x.dtype == weight.dtype ? x : x.to(weight.dtype);
        torch.Tensor inverse = x.Squared().mean([-1], keepdim: true).PlusInPlace(Epsilon).rsqrt_();
        return (x * inverse).mul_(weight);
    }
}
