using GMem.Runtime;
using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>A network's adaLN layers and blocks shared among threads. Weights and their gradients are the network's own.</summary>
internal sealed class SiTShards : IDisposable
{
    private readonly WorkerThreads _threads;
    private readonly BlockShards[] _blocks;

    /// <param name="network">Whose parameters' gradients have a place; it stays as it is.</param>
    /// <param name="threads">What shares it.</param>
    /// <param name="count">How many threads; at most as many as heads.</param>
    public SiTShards(SiT network, WorkerThreads threads, int count)
    {
        _threads = threads;
        Modulations = new ModulationShards(Backbone.Modulations.Layers(network).Select(m => m.Layer), threads);
        _blocks = [.. network.blocks.Select(block => new BlockShards(block, network.Options.HeadCount, count))];
    }

    /// <summary>The adaLN layers.</summary>
    public ModulationShards Modulations { get; }

    /// <summary>Whether the blocks of such a network can be shared: those of SiT, with LayerNorm, shifts and GELU, and without rotary embedding or norms of queries and keys.</summary>
    public static bool Fit(SiTOptions network) =>
        !network.UseSwiGlu && !network.UseRope && !network.UseQkNorm && !network.UseRmsNorm && network.UseShift && !network.ActivationCheckpointing;

    /// <summary>What some blocks, one after another, make of tokens, up to rounding. Differentiable; the graph takes one backward pass.</summary>
    /// <param name="tokens"><c>[B, T, D]</c>, float32.</param>
    /// <param name="modulations">Of these blocks, each <c>[B, 6 D]</c>.</param>
    /// <param name="first">The first of the blocks.</param>
    /// <returns>The same shape as the tokens, in the caller's scope.</returns>
    public torch.Tensor RunBlocks(torch.Tensor tokens, torch.Tensor[] modulations, int first)
    {
        using torch.Tensor all = torch.cat(modulations, -1);
        return ShardedBlocks.Of(new BlocksPass(_threads, _blocks.AsMemory(first, modulations.Length)), tokens, all);
    }

    public void Dispose()
    {
        Modulations.Dispose();
        Array.ForEach(_blocks, b => b.Dispose());
    }
}
