namespace GMem.Images;

/// <summary>The images of a row group of a Parquet file, decompressed but not decoded.</summary>
/// <param name="Bytes">Of each row; null for none.</param>
/// <param name="Paths">Of each row; null for none.</param>
/// <param name="Size">Bytes of all.</param>
internal sealed record RowGroupImages(IReadOnlyList<ReadOnlyMemory<byte>?> Bytes, IReadOnlyList<ReadOnlyMemory<char>?> Paths, long Size);
