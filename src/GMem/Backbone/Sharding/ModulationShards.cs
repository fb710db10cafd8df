using GMem.Backbone.Kernels;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>
/// The adaLN layers of a network, some on each of a few threads. They are a third of SiT's weights, and for one image little but reading these, and reading and writing their gradients.
/// </summary>
internal sealed class ModulationShards : IDisposable
{
    private readonly WorkerThreads _threads;
    private readonly LinearShard[] _layers;
    private readonly long[] _widths;

    /// <param name="layers">Whose parameters' gradients have a place; they stay as they are.</param>
    /// <param name="threads">What shares them.</param>
    public ModulationShards(IEnumerable<Linear> layers, WorkerThreads threads)
    {
        Linear[] all = [.. layers];
        _threads = threads;
        _widths = [.. all.Select(l => l.weight.shape[0])];
        _layers = [.. all.Select((l, i) => new LinearShard(l, 0, 0, _widths[i], withBias: true))];
    }

    /// <summary>What each layer makes of the same rows, up to rounding.</summary>
    /// <param name="activated"><c>[B, D]</c>.</param>
    /// <returns><c>[B, width]</c> for each layer, in the caller's scope.</returns>
    public torch.Tensor[] Of(torch.Tensor activated)
    {
        using torch.Tensor all = ShardedModulations.Of(this, activated);
        return all.split(_widths, -1);
    }

    /// <summary>All results side by side, <c>[B, sum of widths]</c>, without a graph.</summary>
    internal torch.Tensor Forward(torch.Tensor activated)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[] parts = new torch.Tensor[_layers.Length];
        _threads.RunRanges(_layers.Length, (number, begin, length) =>
        {
            using DisposeScope own = torch.NewDisposeScope();
            using IDisposable noGradient = torch.no_grad();
            _ = HandedGradients.Hand([.. Enumerable.Range((int)begin, (int)length).Select(i => parts[i] = _layers[i].Forward(activated))]);
        });
        return torch.cat(parts, -1).MoveToOuterDisposeScope();
    }

    /// <summary>Adds to the layers' gradients.</summary>
    /// <param name="gradient">Of all results, <c>[B, sum of widths]</c>.</param>
    /// <param name="activated">What went in.</param>
    /// <returns>The gradient of what went in.</returns>
    internal torch.Tensor Backward(torch.Tensor gradient, torch.Tensor activated)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[] gradients = [.. gradient.split(_widths, -1).Select(g => g.contiguous())], parts = new torch.Tensor[_layers.Length];
        _threads.RunRanges(_layers.Length, (number, begin, length) =>
        {
            using DisposeScope own = torch.NewDisposeScope();
            using IDisposable noGradient = torch.no_grad();
            _ = HandedGradients.Hand([.. Enumerable.Range((int)begin, (int)length).Select(i => parts[i] = BackwardOf(_layers[i], gradients[i], activated))]);
        });
        return parts.Skip(2).Aggregate(parts[0].Plus(parts[1]), (sum, other) => sum.PlusInPlace(other)).MoveToOuterDisposeScope();
    }

    public void Dispose() => Array.ForEach(_layers, l => l.Dispose());

    private static torch.Tensor BackwardOf(LinearShard layer, torch.Tensor gradient, torch.Tensor activated)
    {
        layer.Accumulate(gradient, activated);
        return layer.Input(gradient);
    }
}
