using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>
/// Stores rows page by page in managed memory, so that no second copy of them ever exists. Rows of which the storage keeps
/// nothing are refused.
/// </summary>
/// <param name="storage">How to store them.</param>
/// <param name="dimension">The components of a row.</param>
/// <param name="count">The number of rows to come.</param>
/// <param name="id">The id of a row, for messages.</param>
internal sealed unsafe class SnippetIntake(SnippetStorage storage, int dimension, int count, Func<int, long> id)
{
    private readonly int _width = storage.WidthOf(dimension);
    private readonly ManagedBytes _bytes =
        new((long)count * storage.WidthOf(dimension) * SafetensorsHeader.ElementSize(storage.ElementType));

    private readonly List<long> _vanished = [];
    private int _filled;

    /// <summary>Sum over the rows of the cosine between a row and what is stored of it, where the storage reports it.</summary>
    public double CosineSum { get; private set; }

    /// <summary>Stores rows <c>[k, m]</c> of unit length.</summary>
    public void Append(torch.Tensor unitRows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor vectors = storage.Encode(unitRows);
        if (storage.Kept(unitRows, vectors) is { } cosines)
        {
            _vanished.AddRange(cosines.isnan().nonzero().cpu().data<long>().Select(i => id(_filled + (int)i)));
            CosineSum += cosines.sum(type: torch.float64).item<double>();
        }

        AppendVectors(vectors);
    }

    /// <summary>Stores vectors <c>[k, width]</c> that are encoded already.</summary>
    public void AppendVectors(torch.Tensor vectors)
    {
        if (vectors.shape is not [_, long width] || width != _width)
        {
            throw new InvalidOperationException(
                $"The storage {storage} made vectors [{string.Join(", ", vectors.shape)}] of rows of {dimension} components; "
                + $"expected is [k, {_width}].");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor stored = vectors.detach().to(storage.ElementType).cpu().contiguous();
        long length = TensorBytes.Length(stored);
        byte* address = TensorBytes.Address(stored);
        for (long done = 0; done < length;)
        {
            int piece = (int)Math.Min(1 << 30, length - done);
            _bytes.Append(new ReadOnlySpan<byte>(address + done, piece));
            done += piece;
        }

        _filled += (int)vectors.shape[0];
    }

    /// <exception cref="ArgumentException">Nothing was kept of some rows; the message names them.</exception>
    public StoredVectors Build()
    {
        if (_vanished.Count > 0)
        {
            throw new ArgumentException(
                $"The storage {storage} keeps nothing of the snippets with the ids {TextList.Of(_vanished)}. "
                + "Take a storage that keeps more (a higher rank), or leave them out.");
        }

        return _filled == count ? new StoredVectors(_bytes, _width, storage.ElementType)
            : throw new InvalidOperationException($"{_filled:N0} rows were given of {count:N0}.");
    }
}
