using static TorchSharp.torch.autograd;

namespace GMem.Backbone;

/// <summary>Runs a block without keeping its intermediate results, and runs it again in the backward pass (arXiv 1604.06174).</summary>
internal sealed class CheckpointedBlock : SingleTensorFunction<CheckpointedBlock>
{
    private const string BlockKey = "block";
    private const string RotaryKey = "rotary";
    private const string MixedKey = "mixed precision";

    public override string Name => nameof(CheckpointedBlock);

    public static torch.Tensor Of(SiTBlock block, torch.Tensor x, torch.Tensor modulation, RotaryEmbedding? rotary)
    {
        // The parameters are inputs too, so that their gradients reach them (or torch.autograd.grad) through the graph.
        object?[] arguments = [block, rotary, x, modulation, .. block.TokenParameters()];
        return apply(arguments!);
    }

    public override torch.Tensor forward(AutogradContext ctx, params object[] vars)
    {
        SiTBlock block = (SiTBlock)vars[0];
        RotaryEmbedding? rotary = (RotaryEmbedding?)vars[1];
        torch.Tensor x = (torch.Tensor)vars[2], modulation = (torch.Tensor)vars[3];
        ctx.save_data(BlockKey, block);
        ctx.save_data(RotaryKey, rotary!);
        ctx.save_data(MixedKey, Autocast.IsOn(x.device));
        ctx.save_for_backward([x, modulation]);
        return block.forward(x, modulation, rotary, training: true);
    }

    public override List<torch.Tensor> backward(AutogradContext ctx, torch.Tensor grad_output)
    {
        SiTBlock block = (SiTBlock)ctx.get_data(BlockKey);
        RotaryEmbedding? rotary = (RotaryEmbedding?)ctx.get_data(RotaryKey);
        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor> inputs = [.. ctx.get_saved_variables().Select(v => v.detach().requires_grad_())];
        inputs.AddRange(block.TokenParameters());
        using (torch.enable_grad())
        using (Autocast.Begin(inputs[0].device, (bool)ctx.get_data(MixedKey)))
        {
            torch.Tensor output = block.forward(inputs[0], inputs[1], rotary, training: true);
            IList<torch.Tensor> gradients = grad([output], inputs, [grad_output]);
            return [null!, null!, .. gradients.Select(g => g.MoveToOuterDisposeScope())];
        }
    }
}
