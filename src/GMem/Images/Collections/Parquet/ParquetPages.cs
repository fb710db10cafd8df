using System.Buffers.Binary;
using Parquet.Meta;

namespace GMem.Images;

/// <summary>
/// Checks the pages of a column before Parquet.Net reads them: that they lie in the file, have the values that the row group needs, and do
/// not claim to be larger than what they hold can be.
/// </summary>
internal static class ParquetPages
{
    /// <summary>Most bytes of one column of a row group, decompressed.</summary>
    public const long MostBytes = int.MaxValue;

    /// <summary>Deflate does not shrink more than this; what other methods shrink further is no image.</summary>
    private const long LargestRatio = 1100;

    /// <summary>What pages may claim whatever they hold: a page of labels, all of them the same, shrinks to nothing.</summary>
    private const long AlwaysAllowed = 16 << 20;

    /// <summary>Checks a column of a row group.</summary>
    /// <returns>Where its last page ends, and the bytes of all when decompressed.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or of a kind that is not read.</exception>
    public static (long End, long Bytes) Check(ParquetStream stream, ColumnChunk chunk, long rows)
    {
        ColumnMetaData meta = chunk.MetaData is { } found && chunk.FilePath is null && chunk.CryptoMetadata is null
            ? found
            : throw new InvalidDataException("a column is encrypted, or kept in another file, which is not read.");
        long at = new[] { meta.DictionaryPageOffset ?? 0, meta.DataPageOffset, meta.IndexPageOffset ?? 0 }.Where(o => o != 0)
            .DefaultIfEmpty(-1).Min();
        if (at < 0 || meta.TotalCompressedSize < 0 || meta.TotalCompressedSize > stream.Length - at || meta.NumValues != rows)
        {
            throw Damaged($"{meta.NumValues} values in {meta.TotalCompressedSize} bytes at {at} for {rows} rows");
        }

        (long end, long values, long bytes) = (at + meta.TotalCompressedSize, 0, 0);
        while (values < rows)
        {
            Page page = ReadHeader(stream, at, end);
            CheckPage(stream, meta.Codec, page, end);
            (at, bytes) = (page.Start + page.Compressed, bytes + page.Uncompressed);
            values += page.Values;
            if (values > rows || bytes > MostBytes)
            {
                throw bytes > MostBytes
                    ? new InvalidDataException(
                        $"a row group has more than {MostBytes} bytes of images, which must fit into memory at once; write it with smaller "
                            + "ones: to_parquet(..., row_group_size=100) in Python.")
                    : Damaged($"pages of more than {rows} values");
            }
        }

        return (at, bytes);
    }

    private static Page ReadHeader(ParquetStream stream, long at, long end)
    {
        Dictionary<(string Structure, int Field), long> numbers = [];
        stream.Position = at;
        new ThriftWalk(stream, end, (structure, field, value) => numbers[(structure, field)] = value).Walk("PageHeader");
        PageType type = (PageType)Number("PageHeader", 1);
        (string name, int encodingField) = type switch
        {
            PageType.DATA_PAGE => ("DataPage", 2),
            PageType.DATA_PAGE_V2 => ("DataPageV2", 4),
            _ => ("DictionaryPage", 2),
        };
        bool isV2 = type == PageType.DATA_PAGE_V2;
        return new Page(
            type, (Encoding)Number(name, encodingField), stream.Position, Number("PageHeader", 3), Number("PageHeader", 2), Number(name, 1),
            isV2 ? Number(name, 2) : 0, isV2 ? Number(name, 5) : 0, isV2 ? Number(name, 6) : 0);

        long Number(string structure, int field) => numbers.GetValueOrDefault((structure, field), -1);
    }

    private static void CheckPage(ParquetStream stream, CompressionCodec codec, Page page, long end)
    {
        if (page.Compressed < 0 || page.Compressed > end - page.Start || page.Count < 0 || page.Count > int.MaxValue || page.Nulls < 0
            || page.Nulls > page.Count || page.DefinitionBytes < 0 || page.RepetitionBytes < 0
            || page.DefinitionBytes + page.RepetitionBytes > page.Compressed)
        {
            throw Damaged($"a page of {page.Count} values in {page.Compressed} bytes");
        }

        if (page.Type is not (PageType.DATA_PAGE or PageType.DATA_PAGE_V2 or PageType.DICTIONARY_PAGE)
            || (page.Type is not PageType.DICTIONARY_PAGE
                && page.Encoding is not (Encoding.PLAIN or Encoding.PLAIN_DICTIONARY or Encoding.RLE_DICTIONARY)))
        {
            throw new InvalidDataException(
                $"a column has pages of the kind {page.Type}, {page.Encoding}, which is not read; write it plain or with a dictionary, as "
                    + "the Python packages 'datasets' and 'pyarrow' do.");
        }

        long claimed = Math.Max(page.Uncompressed, EmbeddedSize(stream, codec, page.Start + page.DefinitionBytes + page.RepetitionBytes));
        if (page.Uncompressed < 0 || claimed > Math.Max(AlwaysAllowed, page.Compressed * LargestRatio) || claimed > MostBytes
            || (codec == CompressionCodec.UNCOMPRESSED && page.Uncompressed != page.Compressed)
            || (page.Type == PageType.DICTIONARY_PAGE && page.Count > claimed))
        {
            throw Damaged($"a page of {page.Compressed} bytes claims {claimed} and {page.Count} values");
        }
    }

    /// <summary>The size that compressed data claim themselves, which their readers allocate.</summary>
    private static long EmbeddedSize(ParquetStream stream, CompressionCodec codec, long at)
    {
        Span<byte> start = stackalloc byte[18];
        start.Clear();
        stream.Position = at;
        _ = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return codec switch
        {
            CompressionCodec.SNAPPY => Varint(start),
            CompressionCodec.ZSTD => ZstandardSize(start),
            CompressionCodec.UNCOMPRESSED or CompressionCodec.GZIP or CompressionCodec.BROTLI or CompressionCodec.LZ4_RAW => 0,
            _ => throw new InvalidDataException($"it is compressed with {codec}, which is not read; write it with Snappy or Zstandard."),
        };
    }

    private static long Varint(ReadOnlySpan<byte> start)
    {
        long value = 0;
        for (int i = 0; i < 5; i++)
        {
            value |= (long)(start[i] & 0x7F) << (7 * i);
            if (start[i] < 0x80)
            {
                return value;
            }
        }

        return long.MaxValue;
    }

    /// <summary>The content size in the header of a frame (RFC 8878, 3.1.1.1).</summary>
    private static long ZstandardSize(ReadOnlySpan<byte> start)
    {
        int flags = start[4];
        bool isSingle = (flags & 0x20) != 0;
        int at = 5 + (isSingle ? 0 : 1) + ((flags & 3) == 3 ? 4 : flags & 3);
        return BinaryPrimitives.ReadUInt32LittleEndian(start) != 0xFD2FB528 ? long.MaxValue : (flags >> 6) switch
        {
            0 when isSingle => start[at],
            1 => BinaryPrimitives.ReadUInt16LittleEndian(start[at..]) + 256,
            2 => BinaryPrimitives.ReadUInt32LittleEndian(start[at..]),
            3 => (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(start[at..]), long.MaxValue),
            _ => throw new InvalidDataException(
                "its Zstandard pages do not say how large they are, which is not read; write it with 'datasets' or 'pyarrow', or Snappy."),
        };
    }

    private static InvalidDataException Damaged(string what) => new($"a column is damaged: {what}.");

    private sealed record Page(
        PageType Type,
        Encoding Encoding,
        long Start,
        long Compressed,
        long Uncompressed,
        long Count,
        long Nulls,
        long DefinitionBytes,
        long RepetitionBytes)
    {
        public long Values => Type == PageType.DICTIONARY_PAGE ? 0 : Count;
    }
}
