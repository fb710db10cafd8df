using GMem.Backbone.Kernels;
using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>Some hidden units of an MLP with GELU.</summary>
internal sealed class MlpShard : BranchShard
{
    private readonly LinearShard _first;
    private readonly LinearShard _second;

    public MlpShard(GeluFeedForward mlp, int index, int count)
    {
        long units = mlp.fc1.weight.shape[0], begin = units * index / count, own = (units * (index + 1) / count) - begin;
        _first = Outputs(mlp.fc1, begin, own);
        _second = Inputs(mlp.fc2, begin, own, withBias: index == 0);
    }

    public override torch.Tensor Forward(torch.Tensor x, out torch.Tensor[] kept)
    {
        torch.Tensor rows = x.view(-1, x.shape[^1]), inner = _first.Forward(rows), active = GeluTanh.Forward(inner);
        kept = Keep(rows, inner, active);
        return _second.Forward(active);
    }

    public override torch.Tensor Backward(torch.Tensor gradient, torch.Tensor[] kept, List<WeightGradient> later)
    {
        (torch.Tensor rows, torch.Tensor inner, torch.Tensor active) = (kept[0], kept[1], kept[2]);
        torch.Tensor ofInner = GeluTanh.Backward(inner, _second.Input(gradient));
        later.AddRange([new(_second, gradient, active), new(_first, ofInner, rows)]);
        return _first.Input(ofInner);
    }
}
