using Parquet;
using Parquet.Schema;

namespace GMem.Tests.Images.Collections;

/// <summary>Parquet files as the Python package <c>datasets</c> writes them.</summary>
internal static class ParquetFiles
{
    public const string Features =
        """{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}""";

    /// <param name="Bytes">An encoded image; null for none.</param>
    /// <param name="Path">Its path; null for none.</param>
    /// <param name="Label">Its class; null for none.</param>
    public sealed record Row(byte[]? Bytes, string? Path, long? Label);

    /// <summary>Structures of bytes and path, and a label column of numbers.</summary>
    public static byte[] Write(
        CompressionMethod compression, int rowsOfAGroup, string? features, params IReadOnlyList<Row> rows)
    {
        DataField<byte[]> bytes = new("bytes", nullable: true);
        DataField<string> path = new("path", nullable: true);
        DataField<long> label = new("label", nullable: true);
        ParquetSchema schema = new(new StructField("image", bytes, path), label);
        return Write(schema, compression, features, rows.Chunk(rowsOfAGroup).Select(Group));

        Func<ParquetRowGroupWriter, Task> Group(Row[] chunk) => async group =>
        {
            // 2 where there is a value, 1 where there is none in the structure, which itself is there.
            await group.WriteAllPartsAsync<ReadOnlyMemory<byte>>(
                bytes, chunk.Where(r => r.Bytes is not null).Select(r => new ReadOnlyMemory<byte>(r.Bytes)).ToArray(),
                chunk.Select(r => r.Bytes is null ? 1 : 2).ToArray(), null, default);
            await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(
                path, chunk.Where(r => r.Path is not null).Select(r => r.Path.AsMemory()).ToArray(),
                chunk.Select(r => r.Path is null ? 1 : 2).ToArray(), null, default);
            await group.WriteAsync<long>(label, chunk.Select(r => r.Label).ToArray());
        };
    }

    /// <summary>Any columns, of one row group for each function.</summary>
    public static byte[] Write(
        ParquetSchema schema, CompressionMethod compression, string? features, IEnumerable<Func<ParquetRowGroupWriter, Task>> groups)
    {
        using MemoryStream stream = new();
        WriteAsync().GetAwaiter().GetResult();
        return stream.ToArray();

        async Task WriteAsync()
        {
            await using ParquetWriter writer = await ParquetWriter.CreateAsync(
                schema, stream, new ParquetOptions { CompressionMethod = compression });
            if (features is not null)
            {
                writer.CustomMetadata = new Dictionary<string, string> { ["huggingface"] = features };
            }

            foreach (Func<ParquetRowGroupWriter, Task> group in groups)
            {
                using ParquetRowGroupWriter rows = writer.CreateRowGroup();
                await group(rows);
            }
        }
    }
}
