using System.Buffers.Binary;
using System.Text;

namespace GMem.FileFormats;

/// <summary>
/// The directory of a zip whose entries are stored, not compressed, as PyTorch writes them: so each is a range of the file, and nothing can
/// swell when it is read. Zip64 too. Whatever the bytes are, the answer is ranges that lie apart inside the file, or an
/// InvalidDataException.
/// </summary>
internal sealed unsafe class StoredZip
{
    private const uint EndSignature = 0x06054b50;
    private const uint End64LocatorSignature = 0x07064b50;
    private const uint End64Signature = 0x06064b50;
    private const uint EntrySignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;
    private const int EndLength = 22;
    private const int LongestComment = 65_535;
    private const uint In64 = uint.MaxValue;

    private readonly MappedFile _file;
    private readonly string _name;
    private readonly Dictionary<string, (long Start, long Length)> _entries = new(StringComparer.Ordinal);

    public StoredZip(MappedFile file, string name)
    {
        _file = file;
        _name = name;
        byte[] directory = ReadDirectory(out long directoryStart);
        for (int at = 0; at < directory.Length;)
        {
            at += ReadEntry(directory.AsSpan(at), directoryStart);
        }

        RefuseOverlaps();
    }

    public IReadOnlyDictionary<string, (long Start, long Length)> Entries => _entries;

    public byte[] ReadBytes(long start, long length)
    {
        if (start < 0 || length < 0 || start > _file.Length - length || length > Array.MaxLength)
        {
            throw Damaged($"its bytes {start:N0} to {start + length:N0} are not in a file of {_file.Length:N0}");
        }

        byte[] bytes = new byte[length];
        fixed (byte* address = bytes)
        {
            _file.CopyTo(start, address, length);
        }

        return bytes;
    }

    private byte[] ReadDirectory(out long start)
    {
        long tailStart = Math.Max(0, _file.Length - EndLength - LongestComment);
        byte[] tail = ReadBytes(tailStart, _file.Length - tailStart);
        int end = FindEnd(tail);
        ulong length = U32(tail, end + 12);
        ulong offset = U32(tail, end + 16);
        if (length == In64 || offset == In64 || U16(tail, end + 10) == ushort.MaxValue)
        {
            byte[] locator = ReadBytes(tailStart + end - 20, 20);
            long end64 = Signed(U64(locator, 8));
            byte[] record = ReadBytes(end64, 56);
            if (U32(locator, 0) != End64LocatorSignature || U32(record, 0) != End64Signature)
            {
                throw Damaged("its 64-bit directory is not where it should be");
            }

            length = U64(record, 40);
            offset = U64(record, 48);
        }

        start = Signed(offset);
        return ReadBytes(start, Signed(length));
    }

    private int FindEnd(byte[] tail)
    {
        for (int at = tail.Length - EndLength; at >= 0; at--)
        {
            if (U32(tail, at) == EndSignature && at + EndLength + U16(tail, at + 20) == tail.Length)
            {
                return at;
            }
        }

        throw Damaged("it has no directory at its end; it was cut short or is no zip");
    }

    private int ReadEntry(ReadOnlySpan<byte> record, long directoryStart)
    {
        if (record.Length < 46 || U32(record, 0) != EntrySignature)
        {
            throw Damaged("an entry of its directory is cut short");
        }

        int nameLength = U16(record, 28);
        int extraLength = U16(record, 30);
        int length = 46 + nameLength + extraLength + U16(record, 32);
        if (record.Length < length)
        {
            throw Damaged("an entry of its directory is cut short");
        }

        string entry = Encoding.UTF8.GetString(record.Slice(46, nameLength));
        if (U16(record, 10) != 0 || (U16(record, 8) & 1) != 0)
        {
            throw Damaged($"its entry '{entry}' is compressed or encrypted, which PyTorch never does");
        }

        (long compressed, long size, long local) = Sizes(record, record.Slice(46 + nameLength, extraLength));
        if (compressed != size)
        {
            throw Damaged($"its entry '{entry}' has two different lengths");
        }

        long data = DataStart(local, nameLength, record.Slice(46, nameLength), entry);
        if (data > directoryStart - size)
        {
            throw Damaged($"its entry '{entry}' of {size:N0} bytes reaches into the directory or beyond the file");
        }

        return _entries.TryAdd(entry, (data, size)) ? length : throw Damaged($"it has two entries '{entry}'");
    }

    /// <summary>Lengths and place of an entry: 32-bit, or where those are all ones the next number of the zip64 field.</summary>
    private (long Compressed, long Size, long Local) Sizes(ReadOnlySpan<byte> record, ReadOnlySpan<byte> extra)
    {
        ReadOnlySpan<byte> wide = [];
        while (extra.Length >= 4)
        {
            int length = U16(extra, 2);
            if (length > extra.Length - 4)
            {
                break;
            }

            wide = U16(extra, 0) == 1 ? extra.Slice(4, length) : wide;
            extra = extra[(4 + length)..];
        }

        long size = Wide(U32(record, 24), ref wide);
        long compressed = Wide(U32(record, 20), ref wide);
        return (compressed, size, Wide(U32(record, 42), ref wide));
    }

    private long Wide(uint narrow, ref ReadOnlySpan<byte> wide)
    {
        if (narrow != In64)
        {
            return narrow;
        }

        if (wide.Length < 8)
        {
            throw Damaged("a 64-bit length in its directory is missing");
        }

        long value = Signed(U64(wide, 0));
        wide = wide[8..];
        return value;
    }

    private long DataStart(long local, int nameLength, ReadOnlySpan<byte> name, string entry)
    {
        byte[] header = ReadBytes(local, 30L + nameLength);
        return U32(header, 0) == LocalSignature && U16(header, 26) == nameLength && header.AsSpan(30).SequenceEqual(name)
            ? local + 30 + nameLength + U16(header, 28)
            : throw Damaged($"its entry '{entry}' is not where its directory says");
    }

    private void RefuseOverlaps()
    {
        long end = 0;
        foreach ((string entry, (long start, long length)) in _entries.OrderBy(e => e.Value.Start).ThenBy(e => e.Value.Length))
        {
            if (start < end)
            {
                throw Damaged($"its entry '{entry}' overlaps another");
            }

            end = start + length;
        }
    }

    private long Signed(ulong value) =>
        value <= long.MaxValue ? (long)value : throw Damaged("a length in its directory is beyond any file");

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private InvalidDataException Damaged(string what) => new($"'{_name}' is not a valid PyTorch checkpoint: {what}.");
}
