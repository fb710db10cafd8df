using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace GMem.FileFormats;

/// <summary>
/// A file mapped for reading. Its handles are released when nothing refers to it any more, as those of every SafeHandle are, so an
/// owner that cannot be disposed (a bank shared by others) may hold one; who can, disposes.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly SafeMemoryMappedViewHandle? _handle;

    private MappedFile(MemoryMappedFile? map, long length)
    {
        Length = length;
        _map = map;
        _view = map?.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _handle = _view?.SafeMemoryMappedViewHandle;
    }

    public long Length { get; }

    /// <summary>Maps the whole of an open file, which may be closed afterwards.</summary>
    public static MappedFile Of(FileStream stream)
    {
        // An empty file cannot be mapped.
        long length = stream.Length;
        MemoryMappedFile? map = length == 0 ? null
            : MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        return new MappedFile(map, length);
    }

    /// <summary>Copies bytes out of the file.</summary>
    /// <param name="offset">Where they begin in the file.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="count">How many.</param>
    /// <param name="check">The hashes of the tensor that they belong to, to be compared first; null for none.</param>
    /// <param name="tensorStart">Where that tensor begins in the file.</param>
    public void CopyTo(long offset, byte* destination, long count, BlockCheck? check = null, long tensorStart = 0)
    {
        if (offset < 0 || count < 0 || offset > Length - count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"Bytes {offset} to {offset + count} were asked of a mapped file of {Length}.");
        }

        if (count == 0)
        {
            return;
        }

        byte* start = null;
        _handle!.AcquirePointer(ref start);
        try
        {
            start += _view!.PointerOffset;
            check?.Require(start + tensorStart, offset - tensorStart, count);
            Buffer.MemoryCopy(start + offset, destination, count, count);
        }
        finally
        {
            _handle.ReleasePointer();
        }
    }

    public void Dispose()
    {
        _view?.Dispose();
        _map?.Dispose();
    }
}
