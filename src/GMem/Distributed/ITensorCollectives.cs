namespace GMem.Distributed;

/// <summary>What ranks do together with float32 tensors of one device. All ranks call the same in the same order.</summary>
internal interface ITensorCollectives
{
    /// <summary>Sums a flat buffer over all ranks; each gets the sum of its own segment, and the rest is left as it is.</summary>
    void SumSegments(torch.Tensor flat, Segments segments);

    /// <summary>Each rank's segment to all.</summary>
    void GatherSegments(torch.Tensor flat, Segments segments);

    /// <summary>One rank's numbers to all.</summary>
    void Broadcast(torch.Tensor tensor, int root);
}
