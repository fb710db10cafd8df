namespace GMem.Backbone;

/// <summary>
/// An affine layer whose weights are left unset: <see cref="SiTInitialiser"/> draws them, from its own generator and not from the global
/// one. With an adapter it is <c>W x + b + scale B A x</c> (LoRA, arXiv 2106.09685, equation 3).
/// </summary>
internal sealed class Linear : torch.nn.Module
{
    /// <summary>The ends of the names of an adapter's matrices A and B.</summary>
    public const string Down = "lora_A", Up = "lora_B";

    public readonly Parameter weight;
    public readonly Parameter bias;
    private Parameter? _down;
    private Parameter? _up;

    public Linear(long inputs, long outputs, torch.Device device, torch.ScalarType dtype)
        : base(nameof(Linear))
    {
        weight = Unset([outputs, inputs], device, dtype);
        bias = Unset([outputs], device, dtype);
        RegisterComponents();
    }

    /// <summary>Rank of the adapter and the factor of its product; a rank of 0 is none.</summary>
    public (int Rank, double Scale) Adapter { get; private set; }

    /// <summary><c>[..., inputs]</c> to <c>[..., outputs]</c>.</summary>
    public torch.Tensor forward(torch.Tensor x)
    {
        torch.Tensor y = torch.nn.functional.linear(x, weight, bias);
        return _down is null ? y
            : y.Plus(torch.nn.functional.linear(torch.nn.functional.linear(x, _down), _up!).Times(Adapter.Scale));
    }

    /// <summary>
    /// Gives the layer an adapter, A <c>[rank, inputs]</c> and B <c>[outputs, rank]</c>. B is zero, so that the layer computes what it did.
    /// </summary>
    /// <param name="rank">Rank of the product.</param>
    /// <param name="scale">Its factor.</param>
    /// <param name="generator">
    /// Draws A, uniform within 1 / sqrt(inputs), as PyTorch draws a linear layer; null leaves both unset. A CPU generator.
    /// </param>
    public void AddAdapter(int rank, double scale, torch.Generator? generator = null)
    {
        Adapter = (rank, scale);
        (long outputs, long inputs) = (weight.shape[0], weight.shape[1]);
        _down = Unset([rank, inputs], weight.device, weight.dtype);
        _up = Unset([outputs, rank], weight.device, weight.dtype);
        if (generator is not null)
        {
            using IDisposable noGradients = torch.no_grad();
            using DisposeScope scope = torch.NewDisposeScope();
            double bound = 1 / Math.Sqrt(inputs);
            _ = _down.copy_(torch.empty([rank, inputs]).uniform_(-bound, bound, generator));
            _ = _up.zero_();
        }

        register_parameter(Down, _down);
        register_parameter(Up, _up);
    }

    /// <summary>A parameter of no particular value, owned by its module and by no dispose scope.</summary>
    internal static Parameter Unset(ReadOnlySpan<long> shape, torch.Device device, torch.ScalarType dtype, bool trainable = true) =>
        (Parameter)new Parameter(torch.empty(shape, dtype: dtype, device: device), trainable).DetachFromDisposeScope();
}
