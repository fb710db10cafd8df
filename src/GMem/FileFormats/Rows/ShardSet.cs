namespace GMem.FileFormats;

/// <summary>
/// Safetensors files that hold the rows of one table between them: tensors of the same names, types and row shapes in each. Mapped, not
/// read.
/// </summary>
internal sealed class ShardSet : IDisposable
{
    private readonly List<SafetensorsFile> _files = [];
    private readonly List<long> _starts = [];

    private ShardSet()
    {
    }

    /// <summary>Rows of all files.</summary>
    public long Count { get; private set; }

    /// <summary>The tensors of each file, with the rows of the first one.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _files[0].Entries;

    /// <summary>Opens files in the order given.</summary>
    /// <param name="paths">At least one.</param>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, or its tensors do not fit those of the first; the message names it.
    /// </exception>
    public static ShardSet Open(IReadOnlyList<string> paths)
    {
        ShardSet set = new();
        try
        {
            foreach (string path in paths)
            {
                SafetensorsFile file = SafetensorsFile.Open(path);
                set._files.Add(file);
                set._starts.Add(set.Count);
                set.Count += RowsOf(file);
                set.RequireLikeTheFirst(file);
            }

            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>How many rows the tensors of a file have, all of them.</summary>
    /// <exception cref="InvalidDataException">It has no tensor, or they differ in it.</exception>
    public static long RowsOf(SafetensorsFile file)
    {
        long[] rows = [.. file.Entries.Select(e => e.Shape.Count > 0 ? e.Shape[0] : -1).Distinct()];
        return rows is [>= 1 and long count]
            ? count
            : throw new InvalidDataException(
                $"'{file.Path}' is no shard of rows: "
                    + (rows.Length == 0 ? "it has no tensor." : $"its tensors have "
                        + $"{string.Join(", ", rows.Select(r => r < 0 ? "no" : $"{r}"))} rows."));
    }

    /// <summary>The rows of one tensor; null if there is none of that name.</summary>
    public RowSource? Find(string name) => _files[0].Contains(name) ? new ShardRows(this, _files[0].Entry(name)) : null;

    /// <summary>Copies rows, which may lie in several files.</summary>
    public void CopyRows(string name, long start, long count, torch.Tensor destination, long destinationRow)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count - start);
        while (count > 0)
        {
            int found = _starts.BinarySearch(start);
            int file = found >= 0 ? found : ~found - 1;
            long end = file + 1 < _files.Count ? _starts[file + 1] : Count;
            long here = Math.Min(count, end - start);
            _files[file].CopyRows(name, start - _starts[file], here, destination, destinationRow);
            (start, destinationRow, count) = (start + here, destinationRow + here, count - here);
        }
    }

    public void Dispose() => _files.ForEach(f => f.Dispose());

    private void RequireLikeTheFirst(SafetensorsFile file)
    {
        static string[] Table(SafetensorsFile f) =>
            [.. f.Entries.Select(e => $"{e.Name} {e.DataType} [n, {string.Join(", ", e.Shape.Skip(1))}]").Order(StringComparer.Ordinal)];
        string[] expected = Table(_files[0]), actual = Table(file);
        if (!expected.SequenceEqual(actual))
        {
            throw new InvalidDataException(
                $"'{file.Path}' does not fit '{_files[0].Path}': it has {string.Join(", ", actual)}; expected are "
                    + $"{string.Join(", ", expected)}. Shards of one data set hold the same tensors.");
        }
    }
}
