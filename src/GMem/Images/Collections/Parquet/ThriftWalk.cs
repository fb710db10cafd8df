namespace GMem.Images;

/// <summary>
/// Checks a structure of Thrift's compact protocol against what the Parquet format says of it, before Parquet.Net reads it: that reader
/// takes every type and length for granted, and does not return from a structure that is cut short.
/// </summary>
/// <param name="stream">The file, at the start of the structure; afterwards at its end.</param>
/// <param name="end">Where it must end at the latest.</param>
/// <param name="number">
/// Is told of every number: structure, field, value; and with field 0 of the start of every structure.
/// </param>
internal sealed class ThriftWalk(Stream stream, long end, Action<string, int, long> number)
{
    private const int Struct = 12;
    private const int List = 9;

    /// <summary>
    /// Fields by number: b Boolean, y i8, h i16, i i32, l i64, d double, s bytes or text; [..] a list; else a structure. From
    /// parquet.thrift of the format's version 2.11.
    /// </summary>
    private static readonly Dictionary<string, Dictionary<int, string>> Structures = new Dictionary<string, string>
    {
        ["FileMetaData"] = "1i 2[SchemaElement] 3l 4[RowGroup] 5[KeyValue] 6s 7[ColumnOrder] 8Encryption 9s",
        ["SchemaElement"] = "1i 2i 3i 4s 5i 6i 7i 8i 9i 10LogicalType",
        ["LogicalType"] = "1Empty 2Empty 3Empty 4Empty 5Decimal 6Empty 7Time 8Time 10Int 11Empty 12Empty 13Empty 14Empty 15Empty "
            + "16Variant 17Geography 18Geography",
        ["Decimal"] = "1i 2i",
        ["Time"] = "1b 2TimeUnit",
        ["TimeUnit"] = "1Empty 2Empty 3Empty",
        ["Int"] = "1y 2b",
        ["Variant"] = "1y",
        ["Geography"] = "1s 2i",
        ["Empty"] = "",
        ["RowGroup"] = "1[ColumnChunk] 2l 3l 4[SortingColumn] 5l 6l 7h",
        ["ColumnChunk"] = "1s 2l 3ColumnMetaData 4l 5i 6l 7i 8ColumnCrypto 9s",
        ["ColumnMetaData"] = "1i 2[i] 3[s] 4i 5l 6l 7l 8[KeyValue] 9l 10l 11l 12Statistics 13[EncodingStats] 14l 15i 16SizeStatistics "
            + "17Geospatial",
        ["Statistics"] = "1s 2s 3l 4l 5s 6s 7b 8b",
        ["EncodingStats"] = "1i 2i 3i",
        ["SizeStatistics"] = "1l 2[l] 3[l]",
        ["Geospatial"] = "1Box 2[i]",
        ["Box"] = "1d 2d 3d 4d 5d 6d 7d 8d",
        ["SortingColumn"] = "1i 2b 3b",
        ["KeyValue"] = "1s 2s",
        ["ColumnOrder"] = "1Empty",
        ["Encryption"] = "1Aes 2Aes",
        ["Aes"] = "1s 2s 3b",
        ["ColumnCrypto"] = "1Empty 2ColumnKey",
        ["ColumnKey"] = "1[s] 2s",
        ["PageHeader"] = "1i 2i 3i 4i 5DataPage 6Empty 7DictionaryPage 8DataPageV2",
        ["DataPage"] = "1i 2i 3i 4i 5Statistics",
        ["DictionaryPage"] = "1i 2i 3b",
        ["DataPageV2"] = "1i 2i 3i 4i 5i 6i 7b 8Statistics",
    }.ToDictionary(s => s.Key, s => s.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(
        f => int.Parse(f.AsSpan(0, Digits(f)), NumberStyles.None, CultureInfo.InvariantCulture), f => f[Digits(f)..]));

    /// <summary>Walks a structure.</summary>
    /// <param name="name">Its name in the table.</param>
    /// <exception cref="InvalidDataException">It is not of the format.</exception>
    public void Walk(string name)
    {
        number(name, 0, 0);
        for (int field = 0; Byte() is > 0 and int header;)
        {
            field = (short)(header >> 4 == 0 ? Number() : field + (header >> 4));
            Value(header & 15, Structures[name].GetValueOrDefault(field), name, field);
        }
    }

    private static int Digits(string field) => field.AsSpan().IndexOfAnyExceptInRange('0', '9');

    private void Value(int type, string? expected, string name, int field)
    {
        if (expected is not null && type != TypeOf(expected) && !(expected == "b" && type == 2))
        {
            throw Damaged($"field {field} of {name} has the type {type}");
        }

        switch (type)
        {
            case 1 or 2:
                break;
            case 3:
                _ = Byte();
                break;
            case 4 or 5 or 6:
                number(name, field, Number());
                break;
            case 7:
                Skip(sizeof(double));
                break;
            case 8:
                Skip(Length());
                break;
            case List:
                int header = Byte();
                for (long count = header >> 4 == 15 ? Length() : header >> 4; count > 0; count--)
                {
                    Element(header & 15, expected?[1..^1], name, field);
                }

                break;
            case Struct when expected is not null:
                Walk(expected);
                break;
            default:
                throw Damaged($"field {field} of {name} has the type {type}, which this version of the format does not have");
        }
    }

    private void Element(int type, string? expected, string name, int field)
    {
        // Lists of Booleans and of lists there are none.
        if (type is 1 or 2 or 3 or List)
        {
            throw Damaged($"field {field} of {name} is a list of the type {type}");
        }

        Value(type, expected, name, field);
    }

    private static int TypeOf(string expected) => expected[0] switch
    {
        'b' => 1,
        'y' => 3,
        'h' => 4,
        'i' => 5,
        'l' => 6,
        'd' => 7,
        's' => 8,
        '[' => List,
        _ => Struct,
    };

    private int Byte() => stream.Position < end && stream.ReadByte() is >= 0 and int value
        ? value
        : throw Damaged("it ends too early");

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Damaged("a number has too many bytes");
    }

    private long Number() => Varint() is var value ? (long)(value >> 1) ^ -(long)(value & 1) : 0;

    /// <summary>Bytes or elements, of which each takes a byte at least.</summary>
    private long Length() => Varint() is var length && length <= (ulong)(end - stream.Position)
        ? (long)length
        : throw Damaged("a length goes beyond its end");

    private void Skip(long bytes)
    {
        if (bytes > end - stream.Position)
        {
            throw Damaged("it ends too early");
        }

        stream.Position += bytes;
    }

    private static InvalidDataException Damaged(string what) => new($"its metadata are damaged: {what}.");
}
