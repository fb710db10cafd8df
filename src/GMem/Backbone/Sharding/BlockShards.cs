using GMem.Runtime;
using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>A block's attention and MLP shared among threads by heads and hidden units (tensor parallelism, arXiv 1909.08053).</summary>
internal sealed class BlockShards : IDisposable
{
    private readonly WorkerThreads _threads;
    private readonly BranchShard[] _attention;
    private readonly BranchShard[] _mlp;

    /// <param name="block">Whose parameters' gradients have a place; it stays as it is.</param>
    /// <param name="heads">Of its attention; at least as many as shards.</param>
    /// <param name="threads">One for each shard.</param>
    /// <param name="count">Shards, at least two.</param>
    public BlockShards(SiTBlock block, int heads, WorkerThreads threads, int count)
    {
        _threads = threads;
        _attention = [.. Enumerable.Range(0, count).Select(i => new AttentionShard(block.attn, heads, i, count))];
        _mlp = [.. Enumerable.Range(0, count).Select(i => new MlpShard((GeluFeedForward)block.mlp, i, count))];
    }

    /// <summary>Whether the blocks of such a network can be shared: those of SiT, with GELU and without rotary embedding or norms of queries and keys.</summary>
    public static bool Fit(SiTOptions network) => !network.UseSwiGlu && !network.UseRope && !network.UseQkNorm;

    /// <summary>As <see cref="Backbone.Attention"/> gives it, up to rounding.</summary>
    public torch.Tensor Attention(torch.Tensor x) => ShardedBranch.Of(_threads, _attention, x);

    /// <summary>As <see cref="FeedForward"/> gives it, up to rounding.</summary>
    public torch.Tensor Mlp(torch.Tensor x) => ShardedBranch.Of(_threads, _mlp, x);

    public void Dispose()
    {
        Array.ForEach(_attention, s => s.Dispose());
        Array.ForEach(_mlp, s => s.Dispose());
    }
}
