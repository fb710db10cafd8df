using System.Buffers.Binary;

namespace GMem.Images;

/// <summary>Checks the metadata of a Parquet file before Parquet.Net reads them.</summary>
internal static class ParquetFooter
{
    /// <summary>Some 200 bytes a column and row group are usual.</summary>
    private const int MostBytes = 16 << 20;

    private const int DeepestColumn = 32;
    private const int TailLength = 8;

    /// <exception cref="InvalidDataException">They are damaged, or encrypted.</exception>
    public static void Check(ParquetStream stream)
    {
        Span<byte> tail = stackalloc byte[TailLength];
        long end = stream.Length - TailLength;
        stream.Position = Math.Max(end, 0);
        _ = stream.ReadAtLeast(tail, TailLength, throwOnEndOfStream: false);
        int length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (end < 4 || !tail[4..].SequenceEqual("PAR1"u8))
        {
            throw new InvalidDataException("it does not end as a Parquet file does: it was cut short, or is being written.");
        }

        if (length is <= 0 or > MostBytes || length > end - 4)
        {
            throw new InvalidDataException($"its metadata claim {length} bytes, of {end} at most {MostBytes}.");
        }

        // How many columns each group of columns has; 0 for a column.
        List<long> children = [];
        stream.Position = end - length;
        new ThriftWalk(stream, end, (structure, field, value) =>
        {
            if (structure == "SchemaElement" && field == 0)
            {
                children.Add(0);
            }
            else if (structure == "SchemaElement" && field == 5)
            {
                children[^1] = value;
            }
            else if (structure is "Encryption" or "ColumnCrypto")
            {
                throw new InvalidDataException("it is encrypted, which is not read. Write it again without encryption.");
            }
        }).Walk("FileMetaData");
        CheckDepth(children);
    }

    /// <summary>Columns within columns are read by recursion.</summary>
    private static void CheckDepth(List<long> children)
    {
        Stack<long> open = new();
        foreach (long count in children)
        {
            while (open.TryPeek(out long left) && left == 0)
            {
                _ = open.Pop();
            }

            if (open.TryPop(out long remaining))
            {
                open.Push(remaining - 1);
            }

            open.Push(Math.Max(count, 0));
            if (open.Count > DeepestColumn)
            {
                throw new InvalidDataException($"its columns lie more than {DeepestColumn} deep in each other.");
            }
        }
    }
}
