namespace GMem.Training;

/// <summary>
/// Moving averages of the weights of the power-function kind: the average at step t weighs the weights of step s as <c>s^gamma</c>, so it
/// always covers the same share of the run (Karras et al., arXiv 2312.02696, section 3.1).
/// </summary>
internal sealed class PowerAverages : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly double[] _exponents;

    public PowerAverages(FlatParameters parameters, IReadOnlyList<double> widths)
    {
        _parameters = parameters;
        using IDisposable noGrad = torch.no_grad();
        _exponents = [.. widths.Select(PowerProfile.ExponentOf)];
        Tensors = [.. widths.Select(_ => parameters.Weights.clone().DetachFromDisposeScope())];
    }

    /// <summary>float32 <c>[P]</c> each, one a width.</summary>
    public IReadOnlyList<torch.Tensor> Tensors { get; }

    /// <param name="step">Steps done with this one, from 1.</param>
    public void Update(long step)
    {
        using IDisposable noGrad = torch.no_grad();
        for (int i = 0; i < Tensors.Count; i++)
        {
            double decay = PowerProfile.Decay(_exponents[i], step);
            _ = Tensors[i].TimesInPlace(decay).PlusScaledInPlace(1 - decay, _parameters.Weights);
        }
    }

    public void Dispose()
    {
        foreach (torch.Tensor tensor in Tensors)
        {
            tensor.Dispose();
        }
    }
}
