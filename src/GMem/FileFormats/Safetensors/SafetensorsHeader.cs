using System.Buffers.Binary;
using System.Text.Json;

namespace GMem.FileFormats;

/// <summary>The header of a safetensors file: an 8-byte little-endian length, then JSON that names every tensor.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The longest header that is read; the format's own limit.</summary>
    public const long MaximumLength = 100_000_000;

    public const string MetadataKey = "__metadata__";

    private const int FirstPiece = 1 << 16;

    private static readonly Dictionary<string, (torch.ScalarType Type, int Size)> Types = new()
    {
        ["F64"] = (torch.ScalarType.Float64, 8),
        ["F32"] = (torch.ScalarType.Float32, 4),
        ["F16"] = (torch.ScalarType.Float16, 2),
        ["BF16"] = (torch.ScalarType.BFloat16, 2),
        ["I64"] = (torch.ScalarType.Int64, 8),
        ["I32"] = (torch.ScalarType.Int32, 4),
        ["I16"] = (torch.ScalarType.Int16, 2),
        ["I8"] = (torch.ScalarType.Int8, 1),
        ["U8"] = (torch.ScalarType.Byte, 1),
        ["BOOL"] = (torch.ScalarType.Bool, 1),
    };

    private readonly byte[] _json;

    private readonly Dictionary<string, BlockCheck>? _checks;

    private SafetensorsHeader(byte[] json, IReadOnlyList<SafetensorsEntry> entries, Dictionary<string, string> metadata, string name)
    {
        _json = json;
        _checks = TensorHashes.Take(metadata, entries, name);
        Entries = entries;
        Metadata = metadata;
    }

    /// <summary>Where the data section begins, in bytes from the start of the file.</summary>
    public long DataStart => 8 + _json.Length;

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The free text, without the hashes.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Whether the file carries hashes of its tensors.</summary>
    public bool HasHashes => _checks is not null;

    public long DataLength => Entries.Count == 0 ? 0 : Entries.Max(e => e.Offset + e.Length);

    /// <summary>What compares a tensor with its hashes; null where the file has none.</summary>
    public BlockCheck? CheckOf(SafetensorsEntry entry) => _checks?[entry.Name];

    public static string TypeName(torch.ScalarType type) =>
        Types.FirstOrDefault(t => t.Value.Type == type).Key
        ?? throw new NotSupportedException($"safetensors has no element type for {type}; it has {string.Join(", ", Types.Keys)}.");

    public static int ElementSize(torch.ScalarType type) => Types[TypeName(type)].Size;

    /// <summary>The bytes that were read: length and JSON.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[8 + _json.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, _json.Length);
        _json.CopyTo(bytes, 8);
        return bytes;
    }

    /// <param name="stream">At the start of the file; afterwards at the start of the data section.</param>
    /// <param name="length">Length of the whole file in bytes, or null where it is not known.</param>
    /// <param name="name">What to call the file in an error.</param>
    public static SafetensorsHeader Read(Stream stream, long? length, string name)
    {
        byte[] prefix = new byte[8];
        if (stream.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
        {
            throw Damaged(name, "it is shorter than the 8 bytes of a header length");
        }

        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > MaximumLength || (length is long total && headerLength > (ulong)Math.Max(0, total - 8)))
        {
            throw Damaged(name, $"its header claims {headerLength:N0} bytes{(length is long l ? $" in a file of {l:N0}" : "")}");
        }

        byte[] json = ReadJson(stream, (int)headerLength, name);
        (List<SafetensorsEntry> entries, Dictionary<string, string> metadata) = SafetensorsJson.Parse(json, name);

        // Of two that begin together the one without data comes first: it is not in the other's way.
        entries.Sort((a, b) => (a.Offset, a.Length).CompareTo((b.Offset, b.Length)));
        Check(entries, length - 8 - json.Length, name);
        return new SafetensorsHeader(json, entries, metadata, name);
    }

    /// <summary>The bytes of a header, padded so that the data begin at a multiple of 8.</summary>
    public static byte[] Write(IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream stream = new();
        stream.Write(new byte[8]);
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach ((string key, string value) in metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            foreach (SafetensorsEntry entry in entries)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", TypeName(entry.DataType));
                json.WriteStartArray("shape");
                foreach (long size in entry.Shape)
                {
                    json.WriteNumberValue(size);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(entry.Offset);
                json.WriteNumberValue(entry.Offset + entry.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (stream.Length % 8 != 0)
        {
            stream.WriteByte((byte)' ');
        }

        byte[] header = stream.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)(header.Length - 8));
        return header;
    }

    /// <summary>Reads the JSON as it arrives: a stream of unknown length may announce what it does not have.</summary>
    private static byte[] ReadJson(Stream stream, int length, string name)
    {
        byte[] json = new byte[Math.Min(length, FirstPiece)];
        for (int filled = 0; filled < length;)
        {
            if (filled == json.Length)
            {
                Array.Resize(ref json, (int)Math.Min(length, 2L * json.Length));
            }

            int read = stream.Read(json, filled, json.Length - filled);
            if (read == 0)
            {
                throw Damaged(name, "it ends inside its header");
            }

            filled += read;
        }

        return json;
    }

    private static void Check(List<SafetensorsEntry> sorted, long? available, string name)
    {
        long end = 0;
        foreach (SafetensorsEntry entry in sorted)
        {
            if (entry.Offset < end)
            {
                throw Damaged(name, $"the data of tensor '{entry.Name}' overlap those before it");
            }

            end = entry.Offset + entry.Length;
            if (end > available)
            {
                throw Damaged(name, $"tensor '{entry.Name}' ends at byte {end:N0} of a data section of {available:N0}; the file was cut "
                    + "short");
            }
        }
    }

    /// <summary>The element type of that name in a header.</summary>
    public static bool TryType(string typeName, out torch.ScalarType type, out int size)
    {
        bool known = Types.TryGetValue(typeName, out (torch.ScalarType Type, int Size) found);
        (type, size) = found;
        return known;
    }

    public static string TypeNames => string.Join(", ", Types.Keys);

    public static InvalidDataException Damaged(string name, string what, Exception? inner = null) =>
        new($"'{name}' is not a valid safetensors file: {what}.", inner);
}
