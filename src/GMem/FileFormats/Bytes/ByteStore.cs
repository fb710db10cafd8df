using System.Runtime.CompilerServices;

namespace GMem.FileFormats;

/// <summary>Bytes that never change, in managed memory or in a mapped file. Banks share them.</summary>
internal abstract unsafe class ByteStore
{
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

    protected void CheckRange(long offset, long count)
    {
        if (offset < 0 || count < 0 || offset > Length - count)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"Bytes {offset} to {offset + count} were asked of a store of {Length}.");
        }
    }
}
