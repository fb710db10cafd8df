namespace GMem.FileFormats;

/// <summary>The rows of one tensor of a set of shards. Only what is asked for is read.</summary>
internal sealed class ShardRows(ShardSet shards, SafetensorsEntry first) : RowSource
{
    public override long Count => shards.Count;

    public override IReadOnlyList<long> RowShape { get; } = [.. first.Shape.Skip(1)];

    public override torch.ScalarType Type => first.DataType;

    public override torch.Tensor Rows(ReadOnlySpan<long> indices)
    {
        torch.Tensor rows = Allocate(indices.Length);
        for (int i = 0; i < indices.Length; i++)
        {
            shards.CopyRows(first.Name, indices[i], 1, rows, i);
        }

        return rows;
    }

    public override torch.Tensor Range(long start, long count)
    {
        torch.Tensor rows = Allocate(count);
        shards.CopyRows(first.Name, start, count, rows, 0);
        return rows;
    }

    private torch.Tensor Allocate(long count) => torch.empty([count, .. RowShape], dtype: Type, device: torch.CPU);
}
