namespace GMem.FileFormats;

/// <summary>
/// A tensor of a PyTorch checkpoint: a view of a storage in the file, which several may share. Read by
/// <see cref="PyTorchCheckpoint.Read"/>.
/// </summary>
internal sealed class CheckpointTensor
{
    internal CheckpointTensor(CheckpointStorage storage, long offset, long[] shape, long[] strides)
    {
        Storage = storage;
        Offset = offset;
        Shape = shape;
        Strides = strides;
    }

    /// <summary>Element type.</summary>
    public torch.ScalarType DataType => Storage.Type;

    /// <summary>Sizes, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>How many elements lie between neighbours along each dimension.</summary>
    public IReadOnlyList<long> Strides { get; }

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (a, b) => a * b);

    internal CheckpointStorage Storage { get; }

    /// <summary>Position of the first element in the storage.</summary>
    internal long Offset { get; }

    /// <summary>Whether the elements lie one after another in row-major order.</summary>
    internal bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int i = Shape.Count - 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != expected)
                {
                    return false;
                }

                expected *= Shape[i];
            }

            return true;
        }
    }

    /// <summary>One past the highest position that the view touches.</summary>
    internal long End => Count == 0 ? Offset : Offset + 1 + Shape.Zip(Strides, (size, stride) => (size - 1) * stride).Sum();
}
