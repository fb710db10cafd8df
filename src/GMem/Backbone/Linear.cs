namespace GMem.Backbone;

/// <summary>
/// An affine layer whose weights are left unset: <see cref="SiTInitialiser"/> draws them, from its own generator and not from the global
/// one.
/// </summary>
internal sealed class Linear : torch.nn.Module
{
    public readonly Parameter weight;
    public readonly Parameter bias;

    public Linear(long inputs, long outputs, torch.Device device, torch.ScalarType dtype)
        : base(nameof(Linear))
    {
        weight = Unset([outputs, inputs], device, dtype);
        bias = Unset([outputs], device, dtype);
        RegisterComponents();
    }

    /// <summary><c>[..., inputs]</c> to <c>[..., outputs]</c>.</summary>
    public torch.Tensor forward(torch.Tensor x) => torch.nn.functional.linear(x, weight, bias);

    /// <summary>A parameter of no particular value, owned by its module and by no dispose scope.</summary>
    internal static Parameter Unset(ReadOnlySpan<long> shape, torch.Device device, torch.ScalarType dtype, bool trainable = true) =>
        (Parameter)new Parameter(torch.empty(shape, dtype: dtype, device: device), trainable).DetachFromDisposeScope();
}
