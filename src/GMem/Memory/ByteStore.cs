using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GMem.Memory;

/// <summary>Bytes that never change, in managed memory or in a mapped file. Banks share them.</summary>
internal abstract unsafe class ByteStore
{
    private const int Piece = 1 << 20;

    public abstract long Length { get; }

    public abstract void CopyTo(long offset, byte* destination, long count);

    public void CopyTo<T>(long offset, Span<T> destination)
        where T : unmanaged
    {
        fixed (T* address = destination)
        {
            CopyTo(offset, (byte*)address, (long)destination.Length * sizeof(T));
        }
    }

    public T Read<T>(long offset)
        where T : unmanaged
    {
        Unsafe.SkipInit(out T value);
        CopyTo(offset, (byte*)&value, sizeof(T));
        return value;
    }

    public void WriteTo(Stream stream, long offset, long count)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(Piece, Math.Max(count, 1)));
        for (long end = offset + count; offset < end;)
        {
            int piece = (int)Math.Min(buffer.Length, end - offset);
            CopyTo<byte>(offset, buffer.AsSpan(0, piece));
            stream.Write(buffer, 0, piece);
            offset += piece;
        }
    }

    protected void CheckRange(long offset, long count)
    {
        if (offset < 0 || count < 0 || offset > Length - count)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"Bytes {offset} to {offset + count} were asked of a store of {Length}.");
        }
    }
}
