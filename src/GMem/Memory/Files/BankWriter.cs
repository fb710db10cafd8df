using System.Runtime.InteropServices;
using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>
/// Writes a bank in the format of <see cref="BankFormat"/> to a stream that need not be seekable. Rows pass through one small
/// buffer.
/// </summary>
internal sealed unsafe class BankWriter
{
    private const int Piece = 1 << 20;

    private readonly BankLayout _layout;
    private readonly List<(SafetensorsEntry Entry, Action<Stream> Write)> _columns = [];
    private long _offset;

    private BankWriter(BankLayout layout) => _layout = layout;

    public static void Write(
        Stream stream,
        SnippetStorage storage,
        BankLayout layout,
        IReadOnlyList<string> labels,
        double[]? weights,
        long nextId)
    {
        BankWriter writer = new(layout);
        writer.AddIds();
        writer.AddArray(BankFormat.Weights, torch.ScalarType.Float64, weights);
        writer.AddSources();
        writer.AddLabels(labels);
        storage.WriteTensors((name, values, shape) => writer.AddArray(name, torch.ScalarType.Float32, values, shape));
        writer.Add(storage.TensorName, layout.Type, [layout.Count, layout.Width], writer.WriteVectors);
        Dictionary<string, string> metadata = new()
        {
            [BankFormat.FormatKey] = BankFormat.Format,
            [BankFormat.VersionKey] = BankFormat.Version.ToString(CultureInfo.InvariantCulture),
            [BankFormat.StorageKey] = storage.Kind,
            [BankFormat.NextIdKey] = nextId.ToString(CultureInfo.InvariantCulture),
        };
        SafetensorsWriter.Write(stream, writer._columns, metadata);
    }

    private void Add(string name, torch.ScalarType type, IReadOnlyList<long> shape, Action<Stream> write)
    {
        long length = shape.Aggregate((long)SafetensorsHeader.ElementSize(type), (a, b) => a * b);
        _columns.Add((new SafetensorsEntry(name, type, shape, _offset, length), write));
        _offset += length;
    }

    private void AddArray<T>(string name, torch.ScalarType type, T[]? values, params long[] shape)
        where T : unmanaged
    {
        if (values is not null)
        {
            Add(name, type, shape.Length == 0 ? [values.Length] : shape, stream => stream.Write(MemoryMarshal.AsBytes<T>(values)));
        }
    }

    private void AddIds()
    {
        long[] ids = [.. _layout.Segments.SelectMany(s => s.Ids())];
        if (ids.Where((id, index) => id != index).Any())
        {
            AddArray(BankFormat.Ids, torch.ScalarType.Int64, ids);
        }
    }

    private void AddSources()
    {
        if (_layout.Segments.All(s => s.Part.Entries.Sources is null))
        {
            return;
        }

        long[] offsets = new long[_layout.Count + 1];
        int at = 0;
        foreach (BankSegment segment in _layout.Segments)
        {
            for (int i = 0; i < segment.Count; i++, at++)
            {
                int row = segment.Row(i);
                offsets[at + 1] = offsets[at] + (segment.Part.Entries.Sources?.LengthOf(row) ?? 0);
            }
        }

        AddArray(BankFormat.SourceOffsets, torch.ScalarType.Int64, offsets);
        Add(BankFormat.SourceText, torch.ScalarType.Byte, [offsets[^1]], WriteSources);
    }

    private void WriteSources(Stream stream)
    {
        // Not disposed: that would close the stream, which is the caller's.
        BufferedStream buffered = new(stream, Piece);
        foreach (BankSegment segment in _layout.Segments)
        {
            if (segment.Part.Entries.Sources is not { } sources)
            {
                continue;
            }

            for (int i = 0; i < segment.Count; i++)
            {
                buffered.Write(sources.Utf8(segment.Row(i)));
            }
        }

        buffered.Flush();
    }

    private void AddLabels(IReadOnlyList<string> labels)
    {
        if (labels.Count == 0)
        {
            return;
        }

        Dictionary<string, int> numbers = labels.Select((label, i) => (label, i))
            .ToDictionary(p => p.label, p => p.i, StringComparer.Ordinal);
        int[] ofEntry = new int[_layout.Count];
        int at = 0;
        foreach (BankSegment segment in _layout.Segments)
        {
            foreach (int local in segment.LabelNumbers())
            {
                ofEntry[at++] = local < 0 ? -1 : numbers[segment.Part.Entries.Labels[local]];
            }
        }

        StringTable table = StringTable.Of(labels, nameof(labels));
        AddArray(BankFormat.LabelOffsets, torch.ScalarType.Int64, [.. Enumerable.Range(0, table.Count + 1).Select(table.Offset)]);
        AddArray(BankFormat.LabelNumbers, torch.ScalarType.Int32, ofEntry);
        AddArray(BankFormat.LabelText, torch.ScalarType.Byte, [.. Enumerable.Range(0, table.Count).SelectMany(table.Utf8)]);
    }

    private void WriteVectors(Stream stream)
    {
        int rowBytes = _layout.RowBytes;
        int page = Math.Max(1, Piece / rowBytes);
        byte[] buffer = new byte[page * rowBytes];
        fixed (byte* address = buffer)
        {
            for (int start = 0; start < _layout.Count; start += page)
            {
                int count = Math.Min(page, _layout.Count - start);
                _layout.CopyVectors(start, count, address);
                stream.Write(buffer, 0, count * rowBytes);
            }
        }
    }
}
