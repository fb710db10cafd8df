using System.Buffers;
using System.Runtime.InteropServices;

namespace GMem.Images;

/// <summary>
/// A decoder's output, RGBA, counted in <see cref="DecodingMemory.Pixels"/>. Small ones come from a pool; large ones go back to the system
/// at once, since a pool would keep the largest photograph's size for every core.
/// </summary>
internal sealed unsafe class DecodedPixels : IDisposable
{
    /// <summary>Bytes a pixel.</summary>
    public const int Channels = 4;

    private const int MostPooled = 1 << 22;

    private readonly IDisposable _share;
    private readonly int _length;
    private readonly byte[]? _pooled;
    private readonly void* _own;
    private bool _disposed;

    /// <exception cref="OutOfMemoryException">There is not as much memory.</exception>
    public DecodedPixels(int width, int height)
    {
        _length = checked(width * height * Channels);
        _share = DecodingMemory.Pixels.Take(_length);
        try
        {
            _pooled = _length <= MostPooled ? ArrayPool<byte>.Shared.Rent(_length) : null;
            _own = _pooled is null ? NativeMemory.Alloc((nuint)_length) : null;
        }
        catch
        {
            _share.Dispose();
            throw;
        }
    }

    public Span<byte> Bytes => _pooled is null ? new Span<byte>(_own, _length) : _pooled.AsSpan(0, _length);

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_pooled is null)
        {
            NativeMemory.Free(_own);
        }
        else
        {
            ArrayPool<byte>.Shared.Return(_pooled);
        }

        _share.Dispose();
    }
}
