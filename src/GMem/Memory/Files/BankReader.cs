using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>Assembles a bank from the tensors that <see cref="BankFormat"/> names, wherever their bytes are.</summary>
internal sealed class BankReader
{
    private readonly string _name;
    private readonly IReadOnlyDictionary<string, string> _metadata;
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly Func<SafetensorsEntry, ByteStore> _bytes;

    private BankReader(SafetensorsHeader header, Func<SafetensorsEntry, ByteStore> bytes, string name)
    {
        _name = name;
        _metadata = header.Metadata;
        _bytes = bytes;
        _entries = header.Entries.ToDictionary(e => e.Name, StringComparer.Ordinal);
    }

    public static MemoryBank Open(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        SafetensorsHeader header = SafetensorsHeader.Read(stream, stream.Length, path);
        MappedFile file = MappedFile.Of(stream);
        return new BankReader(header, e => new MappedBytes(file, header.DataStart + e.Offset, e.Length), path).Assemble();
    }

    /// <summary>Reads the tensors behind a header from the stream, in the order of their data.</summary>
    public static MemoryBank ReadBehind(SafetensorsHeader header, Stream stream, string name)
    {
        Dictionary<string, ByteStore> stores = new(StringComparer.Ordinal);
        long position = 0;
        foreach (SafetensorsEntry entry in header.Entries)
        {
            TensorBytes.Skip(stream, entry.Offset - position, name);
            stores.Add(entry.Name, ManagedBytes.Read(stream, entry.Length, name));
            position = entry.Offset + entry.Length;
        }

        return new BankReader(header, e => stores[e.Name], name).Assemble();
    }

    /// <summary>Refuses a file that is not a bank that can be read, by its header alone.</summary>
    public static void CheckHeader(SafetensorsHeader header, string name) =>
        _ = new BankReader(header, _ => throw new InvalidOperationException(), name).StorageReader();

    private MemoryBank Assemble()
    {
        SnippetStorage storage = StorageReader()(ReadStorageTensor);
        StoredVectors vectors = Vectors(storage);
        int count = vectors.Count;
        ByteStore? ids = Column(BankFormat.Ids, torch.ScalarType.Int64, count);
        double[]? weights = ReadArray<double>(BankFormat.Weights, torch.ScalarType.Float64, count);
        StringTable? sources = Text(BankFormat.SourceOffsets, BankFormat.SourceText, count + 1L);
        StringTable? labels = Text(BankFormat.LabelOffsets, BankFormat.LabelText, null);
        ByteStore? numbers = Column(BankFormat.LabelNumbers, torch.ScalarType.Int32, count);
        if (labels is null != numbers is null)
        {
            throw Damaged($"it has only one of '{BankFormat.LabelOffsets}' and '{BankFormat.LabelNumbers}'");
        }

        if (weights is not null && SamplingWeights.Fault(weights) is { } fault)
        {
            throw Damaged(fault);
        }

        if (!long.TryParse(Metadata(BankFormat.NextIdKey), NumberStyles.None, CultureInfo.InvariantCulture, out long nextId))
        {
            throw Damaged($"its metadata '{BankFormat.NextIdKey}' is '{Metadata(BankFormat.NextIdKey)}', no number");
        }

        EntryColumns columns = new(ids, 0, numbers, labels, sources);
        return new MemoryBank(storage, new BankLayout([new BankSegment(new BankPart(vectors, columns), null)]), weights, nextId);
    }

    private Func<ReadStorageTensor, SnippetStorage> StorageReader()
    {
        if (Metadata(BankFormat.FormatKey) != BankFormat.Format)
        {
            throw new InvalidDataException(
                $"'{_name}' is a safetensors file but no memory bank: its metadata '{BankFormat.FormatKey}' is not '{BankFormat.Format}'. "
                + "Read a tensor of it with SafetensorsFile and make a bank with MemoryBank.FromRows.");
        }

        string version = Metadata(BankFormat.VersionKey);
        if (version != BankFormat.Version.ToString(CultureInfo.InvariantCulture))
        {
            throw new InvalidDataException(
                $"'{_name}' is a memory bank of version '{version}'; this program reads version {BankFormat.Version}. Update the package.");
        }

        return StorageKinds.Reader(Metadata(BankFormat.StorageKey), _name);
    }

    private float[] ReadStorageTensor(string name, params long[] shape) => ReadArray<float>(
        name, torch.ScalarType.Float32, Array.ConvertAll(shape, size => size < 0 ? null : (long?)size)) ?? throw Missing(name);

    private StoredVectors Vectors(SnippetStorage storage)
    {
        SafetensorsEntry entry = _entries.GetValueOrDefault(storage.TensorName) ?? throw Missing(storage.TensorName);
        if (entry.DataType != storage.ElementType || entry.Shape is not [>= 1 and <= int.MaxValue, >= 1 and <= int.MaxValue / 8])
        {
            throw Damaged($"'{entry.Name}' is {Describe(entry)}; expected is {storage.ElementType} [n, m], neither of them 0");
        }

        int width = (int)entry.Shape[1];
        int dimension = storage.DimensionOf(width);
        return dimension >= 1 && storage.WidthOf(dimension) == width ? new StoredVectors(_bytes(entry), width, storage.ElementType)
            : throw Damaged($"'{entry.Name}' is {Describe(entry)}, which does not fit its storage, {storage}");
    }

    private StringTable? Text(string offsetsName, string textName, long? offsets)
    {
        ByteStore? where = Column(offsetsName, torch.ScalarType.Int64, offsets);
        ByteStore? text = Column(textName, torch.ScalarType.Byte, new long?[] { null });
        if (where is null != text is null || where?.Length == 0)
        {
            throw Damaged($"it has only one of '{offsetsName}' and '{textName}'");
        }

        return where is null ? null : new StringTable(where, text!);
    }

    private ByteStore? Column(string name, torch.ScalarType type, params long?[] shape)
    {
        if (!_entries.TryGetValue(name, out SafetensorsEntry? entry))
        {
            return null;
        }

        bool fits = entry.DataType == type && entry.Shape.Count == shape.Length
            && entry.Shape.Zip(shape).All(p => p.Second is null || p.First == p.Second);
        return fits && entry.Length / SafetensorsHeader.ElementSize(type) <= int.MaxValue ? _bytes(entry)
            : throw Damaged(
                $"'{name}' is {Describe(entry)}; expected is {type} "
                + $"[{string.Join(", ", shape.Select(s => s?.ToString(CultureInfo.InvariantCulture) ?? "any"))}]");
    }

    private unsafe T[]? ReadArray<T>(string name, torch.ScalarType type, params long?[] shape)
        where T : unmanaged
    {
        if (Column(name, type, shape) is not { } bytes)
        {
            return null;
        }

        T[] values = new T[bytes.Length / sizeof(T)];
        bytes.CopyTo<T>(0, values);
        return values;
    }

    private string Metadata(string key) => _metadata.GetValueOrDefault(key, "");

    private InvalidDataException Missing(string name) => Damaged($"it has no tensor '{name}'");

    private static string Describe(SafetensorsEntry entry) => $"{entry.DataType} [{string.Join(", ", entry.Shape)}]";

    private InvalidDataException Damaged(string what) => new($"'{_name}' is not a valid memory bank: {what}.");
}
