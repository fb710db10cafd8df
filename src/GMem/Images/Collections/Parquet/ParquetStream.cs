namespace GMem.Images;

/// <summary>
/// A Parquet file as Parquet.Net shall see it: it ends where the column that is read does, with an error where a byte is read behind that,
/// and nothing is read on other threads.
/// </summary>
internal sealed class ParquetStream(string path)
    : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16)
{
    /// <summary>Where single bytes end. Default the end of the file.</summary>
    public long End { get; set; } = long.MaxValue;

    public override int ReadByte() => Position < End && base.ReadByte() is >= 0 and int value
        ? value
        : throw new EndOfStreamException("A column of the file ends too early.");

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer, offset, count));
}
