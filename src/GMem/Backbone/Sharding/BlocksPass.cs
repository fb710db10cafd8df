using GMem.Backbone.Kernels;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>
/// One pass through a run of blocks and back. Each thread computes the attention of some heads and the MLP of some hidden units for all tokens, and the norms, gates and residual sums of
/// some tokens over all of these; in between the threads wait for one another, twice in each branch.
/// </summary>
/// <remarks>The backward pass is written out: it adds weights' gradients where they belong, without a copy that libtorch's would make and add afterwards.</remarks>
internal sealed unsafe class BlocksPass(WorkerThreads threads, ReadOnlyMemory<BlockShards> blocks)
{
    /// <summary>Gradients of weights that may wait, for each thread: those of a block.</summary>
    private const int MostWaiting = 6;

    private readonly int _count = blocks.Span[0].Mlp.Length;
    private readonly BlockActivations[] _activations = new BlockActivations[blocks.Length];
    private readonly torch.Tensor?[] _given = new torch.Tensor?[blocks.Span[0].Mlp.Length];
    private readonly WeightGradients _weights = new();
    private torch.Tensor _modulations = null!;
    private TokenRows _rows = null!;

    /// <param name="tokens"><c>[B, T, D]</c>.</param>
    /// <param name="modulations"><c>[B, 6 D blocks]</c>.</param>
    /// <returns>Tokens of the same shape, without a graph.</returns>
    public torch.Tensor Forward(torch.Tensor tokens, torch.Tensor modulations)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        _modulations = modulations.detach().contiguous().DetachFromDisposeScope();
        for (int b = 0; b < blocks.Length; b++)
        {
            torch.Tensor input = b == 0 ? tokens.detach().contiguous() : torch.empty_like(_activations[0].Input);
            _activations[b] = new BlockActivations(input.DetachFromDisposeScope(), _count);
        }

        torch.Tensor result = torch.empty_like(_activations[0].Input);
        _rows = new TokenRows(tokens.shape, _modulations);
        Run((thread, barrier) => Forward(thread, barrier, result));
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Adds to the weights' gradients. Once only: what the forward pass kept is freed.</summary>
    /// <param name="gradient">Of the result.</param>
    /// <returns>Of tokens and modulations, in the caller's scope.</returns>
    public (torch.Tensor Tokens, torch.Tensor Modulations) Backward(torch.Tensor gradient)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        torch.Tensor stream = gradient.contiguous().clone();
        torch.Tensor ofModulations = torch.zeros([_count, .. _modulations.shape]);
        Run((thread, barrier) => Backward(thread, barrier, stream, CpuKernel.Address(ofModulations) + (thread * _modulations.numel())));
        Array.ForEach(_activations, a => a.Dispose());
        _modulations.Dispose();
        return (stream.MoveToOuterDisposeScope(), ofModulations.sum([0L]).MoveToOuterDisposeScope());
    }

    private void Forward(int thread, PassBarrier barrier, torch.Tensor result)
    {
        (long from, long to) = Range(thread);
        for (int b = 0; b < blocks.Length; b++)
        {
            BlockActivations a = _activations[b];
            BlockShards block = blocks.Span[b];
            torch.Tensor next = b + 1 < blocks.Length ? _activations[b + 1].Input : result;
            _rows.Normalise(a.Input, b, BlockChunk.Shift1, a.Moments1, a.Normed1, from, to);
            if (!Shared(thread, barrier, () => block.Attention[thread].Forward(a.Normed1, out a.KeptByAttention[thread])))
            {
                return;
            }

            _rows.AddParts(_given, a.Attended, from, to);
            _rows.Gate(a.Input, b, BlockChunk.Gate1, a.Attended, a.Middle, from, to);
            _rows.Normalise(a.Middle, b, BlockChunk.Shift2, a.Moments2, a.Normed2, from, to);
            if (!Shared(thread, barrier, () => block.Mlp[thread].Forward(a.Normed2, out a.KeptByMlp[thread])))
            {
                return;
            }

            _rows.AddParts(_given, a.Mapped, from, to);
            _rows.Gate(a.Middle, b, BlockChunk.Gate2, a.Mapped, next, from, to);
        }
    }

    /// <param name="thread">Which.</param>
    /// <param name="barrier">Where it meets the others.</param>
    /// <param name="stream">Gradient of the residual stream, in place.</param>
    /// <param name="ofModulations">The gradients of this thread's tokens are added to it.</param>
    private void Backward(int thread, PassBarrier barrier, torch.Tensor stream, float* ofModulations)
    {
        (long from, long to) = Range(thread);
        BranchGradients weights = new(_weights, MostWaiting * _count);
        for (int b = blocks.Length - 1; b >= 0; b--)
        {
            BlockActivations a = _activations[b];
            BlockShards block = blocks.Span[b];

            // The gradients of what a branch gave take its place.
            _rows.GateBackward(stream, b, BlockChunk.Gate2, a.Mapped, ofModulations, from, to);
            if (!Shared(thread, barrier, () => Back(block.Mlp[thread], a.Mapped, a.KeptByMlp[thread], weights)))
            {
                return;
            }

            _rows.NormaliseBackward(_given, a.Middle, b, BlockChunk.Shift2, a.Moments2, stream, ofModulations, from, to);
            _rows.GateBackward(stream, b, BlockChunk.Gate1, a.Attended, ofModulations, from, to);
            if (!Shared(thread, barrier, () => Back(block.Attention[thread], a.Attended, a.KeptByAttention[thread], weights)))
            {
                return;
            }

            _rows.NormaliseBackward(_given, a.Input, b, BlockChunk.Shift1, a.Moments1, stream, ofModulations, from, to);
        }

        // From here on nothing is added, and who comes to the next meeting is done with what it took: then all are computed, and their operands go.
        if (!barrier.Meet())
        {
            return;
        }

        while (_weights.ComputeOne())
        {
        }

        if (barrier.Meet())
        {
            weights.FreeComputed();
        }
    }

    private static torch.Tensor Back(BranchShard shard, torch.Tensor gradient, torch.Tensor[] kept, BranchGradients weights)
    {
        List<WeightGradient> later = [];
        torch.Tensor part = shard.Backward(gradient.view(-1, gradient.shape[^1]), kept, later);
        weights.Hand(later, kept);
        return part;
    }

    /// <summary>Each thread gives its part of a branch, when all have written what it reads; then all parts are there.</summary>
    /// <returns>False where a thread has failed.</returns>
    private bool Shared(int thread, PassBarrier barrier, Func<torch.Tensor> part)
    {
        if (!barrier.Meet())
        {
            return false;
        }

        using (DisposeScope scope = torch.NewDisposeScope())
        {
            // Nobody reads the part before this one any more.
            _given[thread]?.Dispose();
            _given[thread] = part().DetachFromDisposeScope();
        }

        return barrier.Meet();
    }

    private void Run(Action<int, PassBarrier> body)
    {
        PassBarrier barrier = new(_count, _weights);
        threads.Run(thread =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable noGradient = torch.no_grad();
            try
            {
                body(thread, barrier);

                // Others may read it until all are here; where one has failed they still may, and the finalizer frees it.
                if (barrier.Meet())
                {
                    _given[thread]?.Dispose();
                    _given[thread] = null;
                }
            }
            catch
            {
                barrier.Break();
                throw;
            }
        });
    }

    private (long From, long To) Range(int thread) => (_rows.Count * thread / _count, _rows.Count * (thread + 1) / _count);
}
