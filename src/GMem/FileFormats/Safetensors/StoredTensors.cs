using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace GMem.FileFormats;

/// <summary>
/// The tensors of a safetensors stream, each read when it is first asked for: so the header can be compared with what is expected before
/// memory is taken, and what nobody asks for takes none. Values are checked against the file's hashes and for finite numbers.
/// </summary>
internal sealed class StoredTensors : IReadOnlyDictionary<string, torch.Tensor>
{
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly Dictionary<string, torch.Tensor> _read = new(StringComparer.Ordinal);
    private readonly Stream _stream;
    private readonly Action<Action<Stream>>? _reopen;
    private long _position;

    /// <param name="stream">At the start of a safetensors file; need not seek. It must stay open while tensors are read.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <param name="reopen">Opens the stream anew for a tensor that lies before one that has been read; null where none will.</param>
    /// <exception cref="InvalidDataException">It is no safetensors file.</exception>
    public StoredTensors(Stream stream, string name, Action<Action<Stream>>? reopen = null)
    {
        _header = SafetensorsHeader.Read(stream, stream.CanSeek ? stream.Length - stream.Position : null, name);
        _entries = _header.Entries.ToDictionary(e => e.Name, StringComparer.Ordinal);
        _stream = stream;
        _reopen = reopen;
        Name = name;
    }

    public string Name { get; }

    /// <summary>What the header says, in the order of the data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Entries;

    public bool HasHashes => _header.HasHashes;

    /// <summary>The free text of the header's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    public int Count => _entries.Count;

    public IEnumerable<string> Keys => Entries.Select(e => e.Name);

    public IEnumerable<torch.Tensor> Values => Keys.Select(name => this[name]);

    /// <summary>A tensor on the CPU, in the scope of whoever asks first; to be disposed by that scope.</summary>
    public torch.Tensor this[string key] => TryGetValue(key, out torch.Tensor? tensor) ? tensor : throw new KeyNotFoundException(key);

    public bool ContainsKey(string key) => _entries.ContainsKey(key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out torch.Tensor value)
    {
        if (!_read.TryGetValue(key, out value) && _entries.TryGetValue(key, out SafetensorsEntry? entry))
        {
            value = Read(entry);
            _read.Add(key, value);
        }

        return value is not null;
    }

    public IEnumerator<KeyValuePair<string, torch.Tensor>> GetEnumerator() =>
        Keys.Select(name => KeyValuePair.Create(name, this[name])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Refuses what nobody asked for, and bytes behind the last tensor.</summary>
    /// <exception cref="InvalidDataException">There is such a thing; the message names it.</exception>
    public void RequireAllRead()
    {
        if (Keys.FirstOrDefault(name => !_read.ContainsKey(name)) is string unasked)
        {
            throw new InvalidDataException($"'{Name}' has a tensor '{unasked}', which nothing in the model asks for.");
        }

        TensorBytes.Skip(_stream, _header.DataLength - _position, Name);
        if (_stream.ReadByte() >= 0)
        {
            throw SafetensorsHeader.Damaged(Name, "there are bytes behind its last tensor");
        }
    }

    private torch.Tensor Read(SafetensorsEntry entry)
    {
        torch.Tensor? tensor = null;
        if (entry.Offset >= _position)
        {
            TensorBytes.Skip(_stream, entry.Offset - _position, Name);
            tensor = Next(entry, _stream);
            _position = entry.Offset + entry.Length;
        }
        else if (_reopen is not null)
        {
            _reopen(again =>
            {
                TensorBytes.Skip(again, _header.DataStart + entry.Offset, Name);
                tensor = Next(entry, again);
            });
        }

        return tensor ?? throw new InvalidOperationException($"'{entry.Name}' of '{Name}' has been passed by.");
    }

    /// <summary>A stream that knows its length has been checked against the header; of another only what arrives is believed.</summary>
    private unsafe torch.Tensor Next(SafetensorsEntry entry, Stream stream)
    {
        ManagedBytes? arrived = stream.CanSeek ? null : ManagedBytes.Read(stream, entry.Length, Name);
        torch.Tensor tensor = TensorBytes.Allocate(entry);
        try
        {
            if (arrived is null)
            {
                TensorBytes.Fill(tensor, stream, Name);
            }
            else
            {
                arrived.CopyTo(0, TensorBytes.Address(tensor), entry.Length);
            }

            _header.CheckOf(entry)?.Require(TensorBytes.Address(tensor), 0, entry.Length);
            TensorBytes.RequireFinite(tensor, Name, entry.Name);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }
}
