namespace GMem.Distributed;

/// <summary>Tensors of a device, through main memory: where there is no NCCL, or ranks share a GPU, which NCCL refuses.</summary>
internal sealed class StagedCollectives(ITensorCollectives host) : ITensorCollectives
{
    public void SumSegments(torch.Tensor flat, Segments segments) => Through(flat, t => host.SumSegments(t, segments));

    public void GatherSegments(torch.Tensor flat, Segments segments) => Through(flat, t => host.GatherSegments(t, segments));

    public void Broadcast(torch.Tensor tensor, int root) => Through(tensor, t => host.Broadcast(t, root));

    private static void Through(torch.Tensor tensor, Action<torch.Tensor> action)
    {
        using IDisposable noGrad = torch.no_grad();
        using torch.Tensor staged = tensor.detach().cpu();
        action(staged);
        _ = tensor.copy_(staged);
    }
}
