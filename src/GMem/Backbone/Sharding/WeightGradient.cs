using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>One of <see cref="WeightGradients"/>.</summary>
/// <param name="layer">Gets it.</param>
/// <param name="gradient">Of the layer's result, <c>[N, outputs]</c>.</param>
/// <param name="input">What went in, <c>[N, inputs]</c>.</param>
internal sealed class WeightGradient(LinearShard layer, torch.Tensor gradient, torch.Tensor input)
{
    private volatile bool _isComputed;

    /// <summary>Whether the operands may go.</summary>
    public bool IsComputed => _isComputed;

    /// <summary>Of the layer's result.</summary>
    public torch.Tensor Gradient => gradient;

    /// <summary>Adds it to the layer's.</summary>
    public void Compute()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        layer.Accumulate(gradient, input);
        _isComputed = true;
    }
}
