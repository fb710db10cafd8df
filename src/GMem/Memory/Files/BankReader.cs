using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>Assembles a bank from the tensors that <see cref="BankFormat"/> names, wherever their bytes are.</summary>
internal sealed class BankReader
{
    private readonly string _name;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly Func<SafetensorsEntry, ByteStore> _bytes;

    private BankReader(SafetensorsHeader header, Func<SafetensorsEntry, ByteStore> bytes, string name)
    {
        _name = name;
        _header = header;
        _bytes = bytes;
        _entries = header.Entries.ToDictionary(e => e.Name, StringComparer.Ordinal);
    }

    public static MemoryBank Open(string path)
    {
        using FileStream stream = InputFile.Open(path);
        SafetensorsHeader header = SafetensorsHeader.Read(stream, stream.Length, path);
        CheckHeader(header, path, dimension: null);
        MappedFile file = MappedFile.Of(stream);
        return new BankReader(
            header, e => new MappedBytes(file, header.DataStart + e.Offset, e.Length, header.CheckOf(e)), path).Assemble();
    }

    /// <summary>Reads the tensors behind a header from the stream, in the order of their data.</summary>
    public static MemoryBank ReadBehind(SafetensorsHeader header, Stream stream, string name)
    {
        Dictionary<string, ByteStore> stores = new(StringComparer.Ordinal);
        long position = 0;
        foreach (SafetensorsEntry entry in header.Entries)
        {
            TensorBytes.Skip(stream, entry.Offset - position, name);
            ManagedBytes bytes = ManagedBytes.Read(stream, entry.Length, name);
            header.CheckOf(entry)?.Require(bytes);
            stores.Add(entry.Name, bytes);
            position = entry.Offset + entry.Length;
        }

        MemoryBank bank = new BankReader(header, e => stores[e.Name], name).Assemble();
        bank.CheckAllRows();
        return bank;
    }

    /// <summary>Refuses a file that is not a bank that can be read, by its header alone: no tensor has been read.</summary>
    /// <param name="header">The header.</param>
    /// <param name="name">What to call the file in an error.</param>
    /// <param name="dimension">How long snippets must be; null for any length.</param>
    public static void CheckHeader(SafetensorsHeader header, string name, int? dimension) =>
        new BankReader(header, _ => throw new InvalidOperationException(), name).CheckHeader(dimension);

    private void CheckHeader(int? dimension)
    {
        _ = StorageReader();
        (string Name, torch.ScalarType Type, string[] Others)? known = Metadata(BankFormat.StorageKey) switch
        {
            Float32Storage.Name => (SnippetStorage.Float32.TensorName, SnippetStorage.Float32.ElementType, []),
            Float16Storage.Name => (SnippetStorage.Float16.TensorName, SnippetStorage.Float16.ElementType, []),
            LowRankStorage.Name => (LowRankStorage.CoefficientsName, torch.ScalarType.Float32, LowRankStorage.TensorNames),
            _ => null,
        };
        if (known is not (string vectors, torch.ScalarType type, string[] others))
        {
            // Only a storage of the user's own knows its tensors.
            return;
        }

        string[] all = [.. BankFormat.Columns, vectors, .. others];
        if (_entries.Keys.FirstOrDefault(e => !all.Contains(e)) is string unknown)
        {
            throw Damaged($"it has a tensor '{unknown}', which no bank of its storage has");
        }

        bool isLowRank = others.Length > 0;
        SafetensorsEntry rows = Entry(vectors, type, null, isLowRank ? null : dimension) ?? throw Missing(vectors);
        (long count, long width) = (rows.Shape[0], rows.Shape[1]);
        _ = Entry(BankFormat.Ids, torch.ScalarType.Int64, count);
        _ = Entry(BankFormat.Weights, torch.ScalarType.Float64, count);
        _ = Entry(BankFormat.LabelNumbers, torch.ScalarType.Int32, count);
        _ = Entry(BankFormat.SourceOffsets, torch.ScalarType.Int64, count + 1);
        if (isLowRank)
        {
            SafetensorsEntry mean = Entry(LowRankStorage.MeanName, torch.ScalarType.Float32, dimension)
                ?? throw Missing(LowRankStorage.MeanName);
            _ = Entry(LowRankStorage.SingularValuesName, torch.ScalarType.Float32, width);
            _ = Entry(LowRankStorage.BasisName, torch.ScalarType.Float32, mean.Shape[0], width);
        }
    }

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

        EntryColumns columns = new(ids, 0, numbers, labels, sources, $"'{_name}'");
        return new MemoryBank(storage, new BankLayout([new BankSegment(new BankPart(vectors, columns), null)]), weights, nextId)
        {
            Origin = $"'{_name}'",
            Integrity = _header.HasHashes ? FileIntegrity.Checked : FileIntegrity.NoHashes,
        };
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
        return dimension >= 1 && storage.WidthOf(dimension) == width
            ? new StoredVectors(_bytes(entry), width, storage.ElementType, new RowCheck(storage, $"'{_name}', tensor '{entry.Name}'"))
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

        return where is null ? null : new StringTable(where, text!, $"'{_name}'");
    }

    private ByteStore? Column(string name, torch.ScalarType type, params long?[] shape) =>
        Entry(name, type, shape) is { } entry ? _bytes(entry) : null;

    /// <summary>What the header says of a tensor, which must be of that type and shape; null where there is none.</summary>
    private SafetensorsEntry? Entry(string name, torch.ScalarType type, params long?[] shape)
    {
        if (!_entries.TryGetValue(name, out SafetensorsEntry? entry))
        {
            return null;
        }

        bool fits = entry.DataType == type && entry.Shape.Count == shape.Length
            && entry.Shape.Zip(shape).All(p => p.Second is null || p.First == p.Second);
        return fits && entry.Length / SafetensorsHeader.ElementSize(type) / (entry.Shape.Count > 1 ? entry.Shape[^1] : 1) <= int.MaxValue
            ? entry
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
        return values is not float[] floats || Array.TrueForAll(floats, float.IsFinite) ? values
            : throw Damaged($"'{name}' has values that are not finite");
    }

    private string Metadata(string key) => _header.Metadata.GetValueOrDefault(key, "");

    private InvalidDataException Missing(string name) => Damaged($"it has no tensor '{name}'");

    private static string Describe(SafetensorsEntry entry) => $"{entry.DataType} [{string.Join(", ", entry.Shape)}]";

    private InvalidDataException Damaged(string what) => new($"'{_name}' is not a valid memory bank: {what}.");
}
