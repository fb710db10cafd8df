using System.Buffers;
using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>
/// A matrix <c>[count, width]</c> of stored vectors in a byte store, which only a <see cref="SnippetStorage"/> can interpret.
/// </summary>
internal sealed unsafe class StoredVectors
{
    /// <summary>Rows are checked by pages of about this many bytes.</summary>
    private const int PageBytes = 1 << 18;

    private readonly long _rowBytes;
    private readonly RowCheck? _check;
    private readonly bool[] _checked;
    private readonly int _pageRows;

    /// <param name="bytes">The vectors, one after the other.</param>
    /// <param name="width">Elements of a vector.</param>
    /// <param name="type">Their type.</param>
    /// <param name="check">What they must be, asked when a page is first read; null where this program made them.</param>
    public StoredVectors(ByteStore bytes, int width, torch.ScalarType type, RowCheck? check = null)
    {
        Bytes = bytes;
        Width = width;
        Type = type;
        _rowBytes = (long)width * SafetensorsHeader.ElementSize(type);
        Count = checked((int)(bytes.Length / _rowBytes));
        _check = check;
        _pageRows = (int)Math.Max(1, PageBytes / _rowBytes);
        _checked = new bool[check is null ? 0 : (Count + _pageRows - 1) / _pageRows];
    }

    public ByteStore Bytes { get; }

    public int Count { get; }

    public int Width { get; }

    public torch.ScalarType Type { get; }

    /// <summary>Copies consecutive rows as they are stored.</summary>
    public void CopyRows(int start, int count, byte* destination)
    {
        Check(start, count);
        Bytes.CopyTo(start * _rowBytes, destination, count * _rowBytes);
    }

    /// <summary>Copies one row after another as they are stored.</summary>
    public void CopyRows(ReadOnlySpan<int> rows, byte* destination)
    {
        foreach (int row in rows)
        {
            CopyRows(row, 1, destination);
            destination += _rowBytes;
        }
    }

    /// <summary>Checks rows that have not been read before.</summary>
    /// <exception cref="InvalidDataException">One is damaged; the message names it.</exception>
    public void Check(int start, int count)
    {
        for (int page = start / _pageRows; _check is not null && count > 0 && page <= (start + count - 1) / _pageRows; page++)
        {
            if (_checked[page])
            {
                continue;
            }

            int first = page * _pageRows;
            int length = (int)(Math.Min(_pageRows, Count - first) * _rowBytes);
            byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
            Bytes.CopyTo(first * _rowBytes, buffer.AsSpan(0, length));
            _check.Require(buffer.AsSpan(0, length), Width, first);
            ArrayPool<byte>.Shared.Return(buffer);
            _checked[page] = true;
        }
    }
}
