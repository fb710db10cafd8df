namespace GMem.Images;

/// <summary>
/// Stands between a tar file and <see cref="System.Formats.Tar.TarReader"/>, which allocates what the header of a long name or of extended
/// attributes claims: one that claims more than any has is refused.
/// </summary>
/// <param name="tar">The file; not disposed.</param>
internal sealed class TarHeaders(Stream tar) : Stream
{
    private const int Block = 512;
    private const int TypeAt = 156;
    private const int SizeAt = 124;
    private const int SizeLength = 12;
    private const long MostBytes = 1 << 20;

    /// <summary>Where the last read began; null for none since it was set to null.</summary>
    public long? LastRead { get; set; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => tar.Length;

    public override long Position
    {
        get => tar.Position;
        set => tar.Position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        LastRead = tar.Position;
        int read = tar.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (read == Block && buffer[TypeAt] is (byte)'x' or (byte)'g' or (byte)'L' or (byte)'K' && Size(buffer) > MostBytes)
        {
            throw new InvalidDataException($"a name or a list of attributes claims to be longer than {MostBytes} bytes.");
        }

        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => tar.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Octal digits, or a binary number marked by its first bit, which is always longer than allowed here.</summary>
    private static long Size(ReadOnlySpan<byte> header)
    {
        ReadOnlySpan<byte> field = header.Slice(SizeAt, SizeLength);
        long size = 0;
        foreach (byte digit in field)
        {
            size = digit is >= (byte)'0' and <= (byte)'7' ? (size * 8) + digit - '0' : size;
        }

        return (field[0] & 0x80) != 0 ? long.MaxValue : size;
    }
}
