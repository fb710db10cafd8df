namespace GMem.FileFormats;

/// <summary>The rows of a tensor in memory, which stays its owner's.</summary>
/// <param name="tensor"><c>[N, ...]</c> on the CPU.</param>
internal sealed class TensorRows(torch.Tensor tensor) : RowSource
{
    public override long Count => tensor.shape[0];

    public override IReadOnlyList<long> RowShape => tensor.shape[1..];

    public override torch.ScalarType Type => tensor.dtype;

    public override torch.Tensor Rows(ReadOnlySpan<long> indices)
    {
        using torch.Tensor rows = torch.tensor(indices.ToArray());
        return tensor.index_select(0, rows);
    }

    public override torch.Tensor Range(long start, long count) => tensor.narrow(0, start, count);
}
