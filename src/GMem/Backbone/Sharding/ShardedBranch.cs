using GMem.Backbone.Kernels;
using GMem.Runtime;
using TorchSharp;
using static TorchSharp.torch.autograd;

namespace GMem.Backbone.Sharding;

/// <summary>A branch of a block whose shards work each on a thread of its own, forward and backward.</summary>
internal sealed class ShardedBranch : SingleTensorFunction<ShardedBranch>
{
    private const string PassKey = "pass";

    public override string Name => nameof(ShardedBranch);

    /// <param name="threads">One for each shard.</param>
    /// <param name="shards">Whose weights' gradients are added to as the backward pass runs.</param>
    /// <param name="x">Tokens <c>[B, T, D]</c>.</param>
    /// <returns>The same shape.</returns>
    public static torch.Tensor Of(WorkerThreads threads, BranchShard[] shards, torch.Tensor x) => apply(new Pass(threads, shards), x);

    public override torch.Tensor forward(AutogradContext ctx, params object[] vars)
    {
        Pass pass = (Pass)vars[0];
        ctx.save_data(PassKey, pass);
        return pass.Forward((torch.Tensor)vars[1]);
    }

    public override List<torch.Tensor> backward(AutogradContext ctx, torch.Tensor grad_output)
    {
        torch.Tensor gradient = ((Pass)ctx.get_data(PassKey)).Backward(grad_output);
        grad_output.Dispose();
        return HandedGradients.Hand(null, gradient);
    }

    /// <summary>What one pass keeps for the way back.</summary>
    private sealed class Pass(WorkerThreads threads, BranchShard[] shards)
    {
        private readonly torch.Tensor[][] _kept = new torch.Tensor[shards.Length][];

        public torch.Tensor Forward(torch.Tensor x)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor input = x.detach().contiguous();
            return Sum(i => shards[i].Forward(input, out _kept[i])).view(x.shape).MoveToOuterDisposeScope();
        }

        public torch.Tensor Backward(torch.Tensor gradient)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor rows = gradient.contiguous().view(-1, gradient.shape[^1]);
            return Sum(i =>
            {
                torch.Tensor part = shards[i].Backward(rows, _kept[i]);
                Array.ForEach(_kept[i], t => t.Dispose());
                return part;
            }).view(gradient.shape).MoveToOuterDisposeScope();
        }

        /// <summary>A thread frees the part it gave when it gives the next one: tensors are counted by thread, and not handed over.</summary>
        private torch.Tensor Sum(Func<int, torch.Tensor> part)
        {
            torch.Tensor[] parts = new torch.Tensor[shards.Length];
            threads.Run(i =>
            {
                using DisposeScope scope = torch.NewDisposeScope();
                using IDisposable noGradient = torch.no_grad();
                parts[i] = HandedGradients.Hand(part(i))[0];
            });
            return parts.Skip(2).Aggregate(parts[0].Plus(parts[1]), (sum, other) => sum.PlusInPlace(other));
        }
    }
}
