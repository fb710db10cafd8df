using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using GMem.Runtime;
using Microsoft.Win32.SafeHandles;
using TorchSharp;

namespace GMem.Weights;

/// <summary>A safetensors file opened for reading. It is memory-mapped: only the tensors that are read are loaded.</summary>
/// <remarks>Format: https://huggingface.co/docs/safetensors. Data are little-endian and row-major; they need not be aligned.</remarks>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    private SafetensorsFile(string path, SafetensorsHeader header, MemoryMappedFile? map)
    {
        Path = path;
        _header = header;
        _map = map;
        _view = map?.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _byName = header.Entries.ToDictionary(e => e.Name, StringComparer.Ordinal);
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>The tensors in the file, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Entries;

    /// <summary>The free text of the header's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its whole header; no tensor is read.</summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>The open file; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no safetensors file, or it was cut short; the message says what is wrong.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        SafetensorsHeader header = SafetensorsHeader.Read(stream, stream.Length, path);
        MemoryMappedFile? map = header.DataLength == 0 ? null
            : MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        return new SafetensorsFile(path, header, map);
    }

    /// <summary>Reads all tensors of a stream, for instance of an entry in a zip, into memory.</summary>
    /// <param name="stream">At the start of a safetensors file; need not seek.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <returns>New tensors on the CPU, by name; dispose them.</returns>
    /// <exception cref="InvalidDataException">It is no safetensors file, or it ends early.</exception>
    public static Dictionary<string, torch.Tensor> ReadAll(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        GMemRuntime.EnsureLoaded();
        SafetensorsHeader header = SafetensorsHeader.Read(stream, stream.CanSeek ? stream.Length - stream.Position : null, name);
        Dictionary<string, torch.Tensor> tensors = [];
        long position = 0;
        try
        {
            foreach (SafetensorsEntry entry in header.Entries)
            {
                TensorBytes.Skip(stream, entry.Offset - position);
                torch.Tensor tensor = TensorBytes.Allocate(entry);
                tensors.Add(entry.Name, tensor);
                TensorBytes.Fill(tensor, stream, name);
                position = entry.Offset + entry.Length;
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
    public SafetensorsEntry Entry(string name) => _byName.TryGetValue(name, out SafetensorsEntry? entry)
        ? entry
        : throw new KeyNotFoundException($"'{Path}' has no tensor '{name}'.");

    /// <summary>Reads one tensor.</summary>
    /// <param name="name">Name of a tensor.</param>
    /// <returns>A new tensor on the CPU; dispose it.</returns>
    /// <exception cref="KeyNotFoundException">The file has no tensor of that name.</exception>
    public unsafe torch.Tensor Read(string name)
    {
        GMemRuntime.EnsureLoaded();
        SafetensorsEntry entry = Entry(name);
        torch.Tensor tensor = TensorBytes.Allocate(entry);
        if (entry.Length > 0)
        {
            SafeMemoryMappedViewHandle handle = _view!.SafeMemoryMappedViewHandle;
            byte* start = null;
            handle.AcquirePointer(ref start);
            try
            {
                byte* source = start + _view.PointerOffset + _header.DataStart + entry.Offset;
                TensorBytes.Copy(source, tensor, entry.Length);
            }
            finally
            {
                handle.ReleasePointer();
            }
        }

        return tensor;
    }

    /// <summary>Reads every tensor.</summary>
    /// <returns>New tensors on the CPU, by name; dispose them.</returns>
    public Dictionary<string, torch.Tensor> ReadAll() => Entries.ToDictionary(e => e.Name, e => Read(e.Name), StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Dispose()
    {
        _view?.Dispose();
        _map?.Dispose();
    }
}
