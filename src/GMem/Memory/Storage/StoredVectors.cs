using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>
/// A matrix <c>[count, width]</c> of stored vectors in a byte store, which only a <see cref="SnippetStorage"/> can interpret.
/// </summary>
internal sealed unsafe class StoredVectors
{
    private readonly long _rowBytes;

    public StoredVectors(ByteStore bytes, int width, torch.ScalarType type)
    {
        Bytes = bytes;
        Width = width;
        Type = type;
        _rowBytes = (long)width * SafetensorsHeader.ElementSize(type);
        Count = checked((int)(bytes.Length / _rowBytes));
    }

    public ByteStore Bytes { get; }

    public int Count { get; }

    public int Width { get; }

    public torch.ScalarType Type { get; }

    /// <summary>Copies consecutive rows as they are stored.</summary>
    public void CopyRows(int start, int count, byte* destination) => Bytes.CopyTo(start * _rowBytes, destination, count * _rowBytes);

    /// <summary>Copies one row after another as they are stored.</summary>
    public void CopyRows(ReadOnlySpan<int> rows, byte* destination)
    {
        foreach (int row in rows)
        {
            Bytes.CopyTo(row * _rowBytes, destination, _rowBytes);
            destination += _rowBytes;
        }
    }
}
