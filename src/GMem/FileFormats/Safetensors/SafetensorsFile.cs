namespace GMem.FileFormats;

/// <summary>A safetensors file opened for reading. It is memory-mapped: only the tensors that are read are loaded.</summary>
/// <remarks>Format: https://huggingface.co/docs/safetensors. Data are little-endian and row-major; they need not be aligned.</remarks>
internal sealed class SafetensorsFile : IDisposable
{
    private readonly MappedFile _file;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, (SafetensorsEntry Entry, MappedBytes Bytes)> _byName;

    private SafetensorsFile(string path, SafetensorsHeader header, MappedFile file)
    {
        Path = path;
        _header = header;
        _file = file;
        _byName = header.Entries.ToDictionary(
            e => e.Name,
            e => (e, new MappedBytes(file, header.DataStart + e.Offset, e.Length, header.CheckOf(e))),
            StringComparer.Ordinal);
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>The tensors in the file, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Entries;

    /// <summary>The free text of the header's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Whether the file carries hashes of its tensors; each block is checked when it is first read.</summary>
    public bool HasHashes => _header.HasHashes;

    /// <summary>Opens a file and checks its whole header; no tensor is read.</summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>The open file; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no safetensors file, or it was cut short; the message says what is wrong.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = InputFile.Open(path);
        SafetensorsHeader header = SafetensorsHeader.Read(stream, stream.Length, path);
        return new SafetensorsFile(path, header, MappedFile.Of(stream));
    }

    /// <summary>Reads all tensors of a stream, for instance of an entry in a zip, into memory.</summary>
    /// <param name="stream">At the start of a safetensors file; need not seek.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <returns>New tensors on the CPU, by name; dispose them.</returns>
    /// <exception cref="InvalidDataException">
    /// It is no safetensors file, it ends early, or a tensor does not have its hash or has a number that is not finite.
    /// </exception>
    public static Dictionary<string, torch.Tensor> ReadAll(Stream stream, string name)
    {
        GMemRuntime.EnsureLoaded();
        StoredTensors stored = new(stream, name);
        Dictionary<string, torch.Tensor> tensors = new(StringComparer.Ordinal);
        try
        {
            foreach ((string key, torch.Tensor tensor) in stored)
            {
                tensors.Add(key, tensor);
            }

            return tensors;
        }
        catch
        {
            foreach (torch.Tensor tensor in tensors.Values)
            {
                tensor.Dispose();
            }

            throw;
        }
    }

    /// <summary>Whether the file has a tensor of that name.</summary>
    /// <param name="name">Name of a tensor.</param>
    /// <returns>True if it has.</returns>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>What the header says of one tensor.</summary>
    /// <param name="name">Name of a tensor.</param>
    /// <returns>Its entry.</returns>
    /// <exception cref="KeyNotFoundException">The file has no tensor of that name.</exception>
    public SafetensorsEntry Entry(string name) => Find(name).Entry;

    /// <summary>Reads one tensor.</summary>
    /// <param name="name">Name of a tensor.</param>
    /// <returns>A new tensor on the CPU; dispose it.</returns>
    /// <exception cref="KeyNotFoundException">The file has no tensor of that name.</exception>
    /// <exception cref="InvalidDataException">It is damaged: it does not have the hashes that it was written with.</exception>
    public unsafe torch.Tensor Read(string name)
    {
        GMemRuntime.EnsureLoaded();
        (SafetensorsEntry entry, MappedBytes bytes) = Find(name);
        torch.Tensor tensor = TensorBytes.Allocate(entry);
        try
        {
            bytes.CopyTo(0, TensorBytes.Address(tensor), entry.Length);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>Copies some rows of a tensor into another of the same type and row shape, without reading the rest.</summary>
    internal unsafe void CopyRows(string name, long start, long count, torch.Tensor destination, long destinationRow)
    {
        (SafetensorsEntry entry, MappedBytes bytes) = Find(name);
        long rows = entry.Shape[0], rowBytes = rows == 0 ? 0 : entry.Length / rows;
        bool fits = start >= 0 && count >= 0 && start <= rows - count && destinationRow >= 0
            && destinationRow <= destination.shape[0] - count
            && destination.numel() * destination.ElementSize == destination.shape[0] * rowBytes;
        if (!fits)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), $"'{Path}', '{name}': rows {start} to {start + count} of {rows} do not fit a tensor "
                    + $"[{string.Join(", ", destination.shape)}] from row {destinationRow}.");
        }

        bytes.CopyTo(start * rowBytes, TensorBytes.Address(destination) + (destinationRow * rowBytes), count * rowBytes);
    }

    /// <summary>Reads every tensor.</summary>
    /// <returns>New tensors on the CPU, by name; dispose them.</returns>
    public Dictionary<string, torch.Tensor> ReadAll() => Entries.ToDictionary(e => e.Name, e => Read(e.Name), StringComparer.Ordinal);

    /// <summary>Compares every tensor with its hashes; does nothing where the file has none.</summary>
    /// <exception cref="InvalidDataException">One is damaged; the message names it.</exception>
    public void Verify()
    {
        foreach ((SafetensorsEntry entry, MappedBytes bytes) in _byName.Values)
        {
            _header.CheckOf(entry)?.Require(bytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
    }

    private (SafetensorsEntry Entry, MappedBytes Bytes) Find(string name) => _byName.TryGetValue(
        name, out (SafetensorsEntry Entry, MappedBytes Bytes) found)
        ? found
        : throw new KeyNotFoundException($"'{Path}' has no tensor '{name}'.");
}
