using GMem.Backbone.Kernels;
using TorchSharp;
using static TorchSharp.torch.autograd;

namespace GMem.Backbone.Sharding;

/// <summary>A <see cref="BlocksPass"/> as one operation with a gradient.</summary>
internal sealed class ShardedBlocks : SingleTensorFunction<ShardedBlocks>
{
    private const string PassKey = "pass";

    public override string Name => nameof(ShardedBlocks);

    /// <param name="pass">Of the blocks; adds to their weights' gradients as the backward pass runs.</param>
    /// <param name="tokens"><c>[B, T, D]</c>.</param>
    /// <param name="modulations"><c>[B, 6 D blocks]</c>.</param>
    /// <returns>Tokens of the same shape.</returns>
    public static torch.Tensor Of(BlocksPass pass, torch.Tensor tokens, torch.Tensor modulations) => apply(pass, tokens, modulations);

    public override torch.Tensor forward(AutogradContext ctx, params object[] vars)
    {
        BlocksPass pass = (BlocksPass)vars[0];
        ctx.save_data(PassKey, pass);
        return pass.Forward((torch.Tensor)vars[1], (torch.Tensor)vars[2]);
    }

    public override List<torch.Tensor> backward(AutogradContext ctx, torch.Tensor grad_output)
    {
        (torch.Tensor ofTokens, torch.Tensor ofModulations) = ((BlocksPass)ctx.get_data(PassKey)).Backward(grad_output);
        grad_output.Dispose();
        return HandedGradients.Hand(null, ofTokens, ofModulations);
    }
}
