using System.Runtime.InteropServices;

namespace GMem.FileFormats;

/// <summary>Bytes in managed arrays of at most 64 MiB, so that a bank may be larger than one array and needs no disposal.</summary>
/// <param name="length">How many there will be. Memory is taken as they are appended, one chunk ahead at most.</param>
internal sealed unsafe class ManagedBytes(long length) : ByteStore
{
    private const int Shift = 26;
    private const int ChunkLength = 1 << Shift;
    private const int Piece = 1 << 20;

    private readonly List<byte[]> _chunks = [];
    private long _filled;

    public override long Length => length;

    public static ManagedBytes Of<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        ManagedBytes store = new(bytes.Length);
        store.Append(bytes);
        return store;
    }

    public static ManagedBytes Read(Stream stream, long length, string name)
    {
        ManagedBytes store = new(length);
        byte[] buffer = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(length, 1, Piece));
        while (store._filled < length)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, length - store._filled));
            if (read == 0)
            {
                throw new InvalidDataException(
                    $"'{name}' ends {length - store._filled:N0} bytes before a tensor is complete; it was cut short.");
            }

            store.Append(buffer.AsSpan(0, read));
        }

        return store;
    }

    /// <summary>Puts bytes at the end. Only while the store is being made: afterwards others share it.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int within = (int)(_filled & (ChunkLength - 1));
            if (within == 0)
            {
                _chunks.Add(GC.AllocateUninitializedArray<byte>((int)Math.Min(ChunkLength, length - _filled)));
            }

            Span<byte> room = _chunks[^1].AsSpan(within);
            int count = Math.Min(room.Length, bytes.Length);
            bytes[..count].CopyTo(room);
            bytes = bytes[count..];
            _filled += count;
        }
    }

    /// <summary>Puts all of another store at the end.</summary>
    public void Append(ByteStore other)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(other.Length, 1, Piece));
        for (long done = 0; done < other.Length;)
        {
            int piece = (int)Math.Min(buffer.Length, other.Length - done);
            other.CopyTo<byte>(done, buffer.AsSpan(0, piece));
            Append(buffer.AsSpan(0, piece));
            done += piece;
        }
    }

    public override void CopyTo(long offset, byte* destination, long count)
    {
        CheckRange(offset, count);
        while (count > 0)
        {
            byte[] chunk = _chunks[(int)(offset >> Shift)];
            int within = (int)(offset & (ChunkLength - 1));
            int piece = (int)Math.Min(count, chunk.Length - within);
            new ReadOnlySpan<byte>(chunk, within, piece).CopyTo(new Span<byte>(destination, piece));
            destination += piece;
            offset += piece;
            count -= piece;
        }
    }
}
