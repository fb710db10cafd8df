using System.Globalization;
using GMem.Weights;
using TorchSharp;

namespace GMem.Memory;

/// <summary>Makes a bank of the tensors that <see cref="BankFormat"/> names, wherever their bytes are.</summary>
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

    /// <summary>Refuses a file that is no bank, or one of a newer version, by its header alone.</summary>
    public static void CheckHeader(SafetensorsHeader header, string name) => _ = new BankReader(header, _ => throw new InvalidOperationException(), name).ReadStorage();

    private MemoryBank Assemble()
    {
        SnippetStorage storage = ReadStorage();
        (SnippetCodec codec, StoredVectors vectors) = storage == SnippetStorage.LowRank ? ReadLowRank() : ReadDense(storage);
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
        return new MemoryBank(codec, new BankLayout([new BankSegment(new BankPart(vectors, columns), null)]), weights, nextId);
    }

    private SnippetStorage ReadStorage()
    {
        if (Metadata(BankFormat.FormatKey) != BankFormat.Format)
        {
            throw new InvalidDataException($"'{_name}' is a safetensors file but no memory bank: its metadata '{BankFormat.FormatKey}' is not '{BankFormat.Format}'. "
                + "Read a tensor of it with SafetensorsFile and make a bank with MemoryBank.FromRows.");
        }

        string version = Metadata(BankFormat.VersionKey);
        if (version != BankFormat.Version.ToString(CultureInfo.InvariantCulture))
        {
            throw new InvalidDataException($"'{_name}' is a memory bank of version '{version}'; this program reads version {BankFormat.Version}. Update the package.");
        }

        string storage = Metadata(BankFormat.StorageKey);
        return Enum.GetNames<SnippetStorage>().Contains(storage) ? Enum.Parse<SnippetStorage>(storage)
            : throw Damaged($"its storage is '{storage}'; known are {string.Join(", ", Enum.GetNames<SnippetStorage>())}");
    }

    private (SnippetCodec Codec, StoredVectors Vectors) ReadDense(SnippetStorage storage)
    {
        StoredVectors rows = Vectors(BankFormat.Rows, storage == SnippetStorage.Float16 ? torch.ScalarType.Float16 : torch.ScalarType.Float32);
        return (SnippetCodec.Dense(storage, rows.Width), rows);
    }

    private (SnippetCodec Codec, StoredVectors Vectors) ReadLowRank()
    {
        StoredVectors coefficients = Vectors(BankFormat.Coefficients, torch.ScalarType.Float32);
        float[] mean = Required(BankFormat.Mean, ReadArray<float>(BankFormat.Mean, torch.ScalarType.Float32, new long?[] { null }));
        float[] values = Required(BankFormat.SingularValues, ReadArray<float>(BankFormat.SingularValues, torch.ScalarType.Float32, coefficients.Width));
        float[] basis = Required(BankFormat.Basis, ReadArray<float>(BankFormat.Basis, torch.ScalarType.Float32, mean.Length, coefficients.Width));
        return (SnippetCodec.LowRank(new LowRankBasis(mean, basis, values)), coefficients);
    }

    private StoredVectors Vectors(string name, torch.ScalarType type)
    {
        SafetensorsEntry entry = Required(name, _entries.GetValueOrDefault(name));
        if (entry.DataType != type || entry.Shape.Count != 2 || entry.Shape[0] is < 1 or > int.MaxValue || entry.Shape[1] is < 1 or > int.MaxValue / 8)
        {
            throw Damaged($"'{name}' is {Describe(entry)}; expected is {type} [n, m], neither of them 0");
        }

        return new StoredVectors(_bytes(entry), (int)entry.Shape[1], type);
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

        bool fits = entry.DataType == type && entry.Shape.Count == shape.Length && entry.Shape.Zip(shape).All(p => p.Second is null || p.First == p.Second);
        return fits && entry.Length / SafetensorsHeader.ElementSize(type) <= int.MaxValue ? _bytes(entry)
            : throw Damaged($"'{name}' is {Describe(entry)}; expected is {type} [{string.Join(", ", shape.Select(s => s?.ToString(CultureInfo.InvariantCulture) ?? "any"))}]");
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

    private T Required<T>(string name, T? value)
        where T : class => value ?? throw Damaged($"it has no tensor '{name}'");

    private static string Describe(SafetensorsEntry entry) => $"{entry.DataType} [{string.Join(", ", entry.Shape)}]";

    private InvalidDataException Damaged(string what) => new($"'{_name}' is not a valid memory bank: {what}.");
}
