using GMem.Runtime;
using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>Some rows or columns of a layer's weight, and the gradient's, as views.</summary>
internal sealed class LinearShard : IDisposable
{
    private readonly torch.Tensor _weight;
    private readonly torch.Tensor _transposed;
    private readonly torch.Tensor _weightGradient;
    private readonly torch.Tensor? _bias;
    private readonly torch.Tensor? _biasGradient;

    public LinearShard(Linear layer, int dimension, long first, long count, bool withBias)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        _weight = layer.weight.detach().narrow(dimension, first, count).DetachFromDisposeScope();
        _transposed = _weight.t().DetachFromDisposeScope();
        _weightGradient = GradientOf(layer.weight).narrow(dimension, first, count).DetachFromDisposeScope();
        if (withBias)
        {
            (long from, long many) = dimension == 0 ? (first, count) : (0, layer.bias.shape[0]);
            _bias = layer.bias.detach().narrow(0, from, many).DetachFromDisposeScope();
            _biasGradient = GradientOf(layer.bias).narrow(0, from, many).DetachFromDisposeScope();
        }
    }

    /// <param name="x"><c>[N, inputs]</c>.</param>
    /// <returns><c>[N, outputs]</c>.</returns>
    public torch.Tensor Forward(torch.Tensor x) => _bias is null ? x.mm(_transposed) : torch.addmm(_bias, x, _transposed, 1, 1);

    /// <summary>Adds to the gradients of weight and bias.</summary>
    /// <param name="gradient">Of the result, <c>[N, outputs]</c>.</param>
    /// <param name="x">What went in.</param>
    public void Accumulate(torch.Tensor gradient, torch.Tensor x)
    {
        _ = _weightGradient.addmm_(gradient.t(), x, 1, 1);
        _ = _biasGradient?.PlusInPlace(gradient.sum([0L]));
    }

    /// <summary>The gradient of x.</summary>
    /// <param name="gradient">Of the result, <c>[N, outputs]</c>.</param>
    public torch.Tensor Input(torch.Tensor gradient) => gradient.mm(_weight);

    /// <summary>Adds the gradient of x.</summary>
    public void AddInput(torch.Tensor sum, torch.Tensor gradient) => _ = sum.addmm_(gradient, _weight, 1, 1);

    public void Dispose()
    {
        _weight.Dispose();
        _transposed.Dispose();
        _weightGradient.Dispose();
        _bias?.Dispose();
        _biasGradient?.Dispose();
    }

    private static torch.Tensor GradientOf(torch.Tensor parameter) =>
        parameter.grad ?? throw new InvalidOperationException("A layer is sharded after its gradients have a place (FlatParameters).");
}
