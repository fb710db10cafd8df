using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>What a block's forward pass leaves for its backward pass, <c>[B, T, D]</c> each, in no dispose scope.</summary>
/// <param name="input">The residual stream as it comes in, contiguous, in no dispose scope; owned from here on.</param>
/// <param name="shards">How many threads keep something of their own.</param>
internal sealed class BlockActivations(torch.Tensor input, int shards) : IDisposable
{
    /// <summary>The residual stream as it comes in.</summary>
    public torch.Tensor Input { get; } = input;

    /// <summary>What the attention reads.</summary>
    public torch.Tensor Normed1 { get; } = Like(input);

    /// <summary>What the attention gives, before the gate.</summary>
    public torch.Tensor Attended { get; } = Like(input);

    /// <summary>The residual stream after the attention.</summary>
    public torch.Tensor Middle { get; } = Like(input);

    /// <summary>What the MLP reads.</summary>
    public torch.Tensor Normed2 { get; } = Like(input);

    /// <summary>What the MLP gives, before the gate.</summary>
    public torch.Tensor Mapped { get; } = Like(input);

    /// <summary>Mean and inverse deviation of each token of <see cref="Input"/>.</summary>
    public (float Mean, float Inverse)[] Moments1 { get; } = new (float, float)[input.numel() / input.shape[^1]];

    /// <summary>The same of <see cref="Middle"/>.</summary>
    public (float Mean, float Inverse)[] Moments2 { get; } = new (float, float)[input.numel() / input.shape[^1]];

    /// <summary>By thread, which frees them when it has read them: tensors are counted by thread, and not handed over.</summary>
    public torch.Tensor[][] KeptByAttention { get; } = new torch.Tensor[shards][];

    /// <summary>The same of the MLP.</summary>
    public torch.Tensor[][] KeptByMlp { get; } = new torch.Tensor[shards][];

    public void Dispose() => Array.ForEach([Input, Normed1, Attended, Middle, Normed2, Mapped], t => t.Dispose());

    private static torch.Tensor Like(torch.Tensor input) => torch.empty_like(input).DetachFromDisposeScope();
}
