namespace GMem.FileFormats;

/// <summary>A range of a mapped file: nothing is read before it is asked for.</summary>
internal sealed unsafe class MappedBytes : ByteStore
{
    private readonly MappedFile _file;
    private readonly long _start;

    public MappedBytes(MappedFile file, long start, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, file.Length - start);
        _file = file;
        _start = start;
        Length = length;
    }

    public override long Length { get; }

    public override void CopyTo(long offset, byte* destination, long count)
    {
        CheckRange(offset, count);
        _file.CopyTo(_start + offset, destination, count);
    }
}
