namespace GMem.Training;

/// <summary>
/// Moving averages of the weights of the power-function kind: the average at step t weighs the weights of step s as <c>s^gamma</c>, so it
/// always covers the same share of the run (Karras et al., arXiv 2312.02696, section 3.1).
/// </summary>
internal sealed class PowerAverages : IDisposable
{
    private readonly torch.Tensor _weights;
    private readonly double[] _exponents;

    /// <param name="weights">The weights that are averaged, float32 <c>[p]</c>.</param>
    /// <param name="widths">Relative widths.</param>
    public PowerAverages(torch.Tensor weights, IReadOnlyList<double> widths)
    {
        _weights = weights;
        using IDisposable noGrad = torch.no_grad();
        _exponents = [.. widths.Select(PowerProfile.ExponentOf)];
        Tensors = [.. widths.Select(_ => weights.clone().DetachFromDisposeScope())];
    }

    /// <summary>float32 <c>[p]</c> each, one a width.</summary>
    public IReadOnlyList<torch.Tensor> Tensors { get; }

    /// <param name="step">Steps done with this one, from 1.</param>
    public void Update(long step)
    {
        using IDisposable noGrad = torch.no_grad();
        for (int i = 0; i < Tensors.Count; i++)
        {
            double decay = PowerProfile.Decay(_exponents[i], step);
            _ = Tensors[i].TimesInPlace(decay).PlusScaledInPlace(1 - decay, _weights);
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
