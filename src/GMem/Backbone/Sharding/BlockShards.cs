namespace GMem.Backbone.Sharding;

/// <summary>A block's attention and MLP in parts, by heads and hidden units (tensor parallelism, arXiv 1909.08053).</summary>
internal sealed class BlockShards : IDisposable
{
    /// <param name="block">Whose parameters' gradients have a place; it stays as it is.</param>
    /// <param name="heads">Of its attention; at least as many as shards.</param>
    /// <param name="count">Shards, at least two.</param>
    public BlockShards(SiTBlock block, int heads, int count)
    {
        Attention = [.. Enumerable.Range(0, count).Select(i => new AttentionShard(block.attn, heads, i, count))];
        Mlp = [.. Enumerable.Range(0, count).Select(i => new MlpShard((GeluFeedForward)block.mlp, i, count))];
    }

    /// <summary>One for each thread.</summary>
    public BranchShard[] Attention { get; }

    /// <summary>One for each thread.</summary>
    public BranchShard[] Mlp { get; }

    public void Dispose()
    {
        Array.ForEach(Attention, s => s.Dispose());
        Array.ForEach(Mlp, s => s.Dispose());
    }
}
