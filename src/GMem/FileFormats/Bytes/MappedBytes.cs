namespace GMem.FileFormats;

/// <summary>A range of a mapped file: nothing is read before it is asked for.</summary>
internal sealed unsafe class MappedBytes : ByteStore
{
    private readonly MappedFile _file;
    private readonly long _start;
    private readonly BlockCheck? _check;

    /// <param name="file">The file.</param>
    /// <param name="start">Where the range begins.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="check">Compares each block with its hash when it is first read; null where the file has none.</param>
    public MappedBytes(MappedFile file, long start, long length, BlockCheck? check)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, file.Length - start);
        _file = file;
        _start = start;
        _check = check;
        Length = length;
    }

    public override long Length { get; }

    public override void CopyTo(long offset, byte* destination, long count)
    {
        CheckRange(offset, count);
        _file.CopyTo(_start + offset, destination, count, _check, _start);
    }
}
