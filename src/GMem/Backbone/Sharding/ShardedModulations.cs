using GMem.Backbone.Kernels;
using TorchSharp;
using static TorchSharp.torch.autograd;

namespace GMem.Backbone.Sharding;

/// <summary>The results of <see cref="ModulationShards"/> as one operation with a gradient.</summary>
internal sealed class ShardedModulations : SingleTensorFunction<ShardedModulations>
{
    private const string ShardsKey = "shards";

    public override string Name => nameof(ShardedModulations);

    /// <param name="shards">Whose layers' gradients are added to as the backward pass runs.</param>
    /// <param name="activated"><c>[B, D]</c>.</param>
    /// <returns>All results side by side.</returns>
    public static torch.Tensor Of(ModulationShards shards, torch.Tensor activated) => apply(shards, activated);

    public override torch.Tensor forward(AutogradContext ctx, params object[] vars)
    {
        (ModulationShards shards, torch.Tensor activated) = ((ModulationShards)vars[0], (torch.Tensor)vars[1]);
        ctx.save_data(ShardsKey, shards);
        ctx.save_for_backward([activated]);
        return shards.Forward(activated);
    }

    public override List<torch.Tensor> backward(AutogradContext ctx, torch.Tensor grad_output)
    {
        using torch.Tensor activated = ctx.get_saved_variables()[0];
        torch.Tensor gradient = ((ModulationShards)ctx.get_data(ShardsKey)).Backward(grad_output, activated);
        grad_output.Dispose();
        return HandedGradients.Hand(null, gradient);
    }
}
