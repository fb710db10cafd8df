using TorchSharp;
using TorchSharp.Modules;

namespace GMem.Backbone.Sharding;

/// <summary>Some of a branch's heads or hidden units, whose weights and gradients are parts of the branch's own. What all shards of a branch give adds up to what the branch gives.</summary>
internal abstract class BranchShard : IDisposable
{
    private readonly List<LinearShard> _parts = [];

    /// <param name="x">Tokens <c>[B, T, D]</c>, contiguous.</param>
    /// <param name="kept">What the backward pass needs, in no dispose scope.</param>
    /// <returns>This shard's part, <c>[B T, D]</c>.</returns>
    public abstract torch.Tensor Forward(torch.Tensor x, out torch.Tensor[] kept);

    /// <summary>The way back, as far as others wait for it.</summary>
    /// <param name="gradient">Of the branch's result, <c>[B T, D]</c>, contiguous.</param>
    /// <param name="kept">What the forward pass kept.</param>
    /// <param name="later">Gets the gradients of weights that are to be computed.</param>
    /// <returns>This shard's part of the gradient of x, <c>[B T, D]</c>.</returns>
    public abstract torch.Tensor Backward(torch.Tensor gradient, torch.Tensor[] kept, List<WeightGradient> later);

    public void Dispose() => _parts.ForEach(p => p.Dispose());

    /// <summary>Some rows of a layer: some of its outputs.</summary>
    protected LinearShard Outputs(Linear layer, long first, long count) => Add(new LinearShard(layer, 0, first, count, withBias: true));

    /// <summary>Some columns of a layer: what some of its inputs add to all outputs. The bias must be added once only.</summary>
    protected LinearShard Inputs(Linear layer, long first, long count, bool withBias) => Add(new LinearShard(layer, 1, first, count, withBias));

    /// <summary>Tensors that outlive the pass.</summary>
    protected static torch.Tensor[] Keep(params torch.Tensor[] tensors)
    {
        Array.ForEach(tensors, t => t.DetachFromDisposeScope());
        return tensors;
    }

    private LinearShard Add(LinearShard part)
    {
        _parts.Add(part);
        return part;
    }
}
