using GMem.FileFormats;
using Parquet;
using Parquet.Schema;

namespace GMem.Images;

/// <summary>
/// A Parquet file with a column of images, as the Python package <c>datasets</c> writes it. An image is named by its row.
/// </summary>
internal sealed class ParquetImages : ImageArchive
{
    private const int MostRowsOfAGroup = 1 << 20;

    /// <summary>No image is smaller, and nulls, which take nothing, are few.</summary>
    private const int LeastBytesOfARow = 32;

    private const int RowsAlwaysAllowed = 1 << 16;

    /// <summary>Longest path, in characters, that any system has.</summary>
    private const int LongestPath = short.MaxValue;

    private readonly string _path;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly ParquetStream _stream;
    private readonly ParquetReader _reader;
    private readonly ParquetColumns _columns;
    private readonly long[] _firstRows;

    public ParquetImages(string path)
    {
        _path = path;
        _stream = new ParquetStream(path);
        try
        {
            (_reader, _columns, _firstRows) = Guarded(OpenAsync()).GetAwaiter().GetResult();
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    private long Rows => _firstRows[^1];

    public override FoundImages List(string path)
    {
        List<ImageFile> files = [];
        for (int group = 0; group < _reader.RowGroupCount; group++)
        {
            foreach (string label in Guarded(LabelsAsync(group)).GetAwaiter().GetResult())
            {
                files.Add(new ImageFile
                {
                    ImagePath = string.Create(CultureInfo.InvariantCulture, $"{path}/{files.Count}"),
                    Label = NormalForm.Of(label),
                });
            }
        }

        return new FoundImages(files, [], _columns.Warnings);
    }

    /// <summary>0: what is read is kept in memory anyway, and bounded there.</summary>
    public override long Length(ArchiveEntry entry) => 0;

    public override ReadOnlyMemory<byte> Read(ArchiveEntry entry)
    {
        long row = long.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number < Rows
            ? number
            : throw entry.NotFound();
        int group = Array.BinarySearch(_firstRows, row);
        group = group >= 0 ? Array.LastIndexOf(_firstRows, row) : ~group - 1;
        RowGroupImages images = Group(entry, group);
        int index = (int)(row - _firstRows[group]);
        if (images.Bytes[index] is { Length: > 0 } bytes)
        {
            _ = entry.Checked(bytes.Length);
            return bytes;
        }

        return images.Paths[index] is { Length: > 0 } path
            ? ReadFile(entry, path.Span)
            : throw new InvalidDataException($"'{entry}' has no image: neither bytes nor a path.");
    }

    protected override void Free()
    {
        RowGroupCache.Remove(this);
        _stream.Dispose();
    }

    private RowGroupImages Group(ArchiveEntry entry, int group)
    {
        try
        {
            return RowGroupCache.Get(this, group, () => Guarded(ImagesAsync(group)));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{entry}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>An image beside the file. What a file of someone else names elsewhere is not read.</summary>
    private byte[] ReadFile(ArchiveEntry entry, ReadOnlySpan<char> characters)
    {
        string path = characters.Length <= LongestPath && !characters.Contains('\0')
            ? characters.ToString()
            : throw new InvalidDataException(
                $"'{entry}' has no bytes, and a path that no file has: {characters.Length} characters (at most {LongestPath}, none NUL).");
        string folder = Path.GetDirectoryName(Path.GetFullPath(_path))!;
        bool isUrl = path.Contains("://", StringComparison.Ordinal) || path.StartsWith(@"\\", StringComparison.Ordinal);
        string full = isUrl ? path : Path.GetFullPath(path, folder);
        if (isUrl || !File.Exists(full) || !RealPath.IsWithin(full, folder))
        {
            throw new InvalidDataException($"'{entry}' has no bytes, only the path '{path}', which is no file "
                + $"{(isUrl ? "here" : "in the folder of the Parquet file")}. Write the images into it: push_to_hub does, to_parquet "
                + "does not.");
        }

        _ = entry.Checked(ImageReader.RequireBytes(full));
        return File.ReadAllBytes(full);
    }

    private async Task<(ParquetReader Reader, ParquetColumns Columns, long[] FirstRows)> OpenAsync()
    {
        ParquetFooter.Check(_stream);
        ParquetReader reader = await ParquetReader.CreateAsync(_stream).ConfigureAwait(false);
        List<long> first = [0];
        foreach (ParquetRowGroupReader group in reader.RowGroups)
        {
            first.Add(group.RowCount is >= 0 and <= MostRowsOfAGroup
                ? first[^1] + group.RowCount
                : throw new InvalidDataException(
                    $"a row group has {group.RowCount} rows; at most {MostRowsOfAGroup} are read. Write it with smaller ones."));
        }

        return first[^1] <= RowsAlwaysAllowed + (_stream.Length / LeastBytesOfARow)
            ? (reader, ParquetColumns.Of(reader, _path), [.. first])
            : throw new InvalidDataException($"it claims {first[^1]} rows in {_stream.Length} bytes.");
    }

    private async Task<RowGroupImages> ImagesAsync(int group)
    {
        ReadOnlyMemory<byte>?[] bytes = await ReadAsync(group, _columns.Bytes, (ReadOnlyMemory<byte> b) => (ReadOnlyMemory<byte>?)b)
            .ConfigureAwait(false);
        ReadOnlyMemory<char>?[] paths = _columns.Path is { } path && bytes.Any(b => b is not { Length: > 0 })
            ? await ReadAsync(group, path, (ReadOnlyMemory<char> p) => (ReadOnlyMemory<char>?)p).ConfigureAwait(false)
            : new ReadOnlyMemory<char>?[bytes.Length];
        return new RowGroupImages(bytes, paths, bytes.Sum(b => (long)(b?.Length ?? 0)));
    }

    private async Task<IReadOnlyList<string>> LabelsAsync(int group)
    {
        string?[] labels = _columns.Label switch
        {
            null => new string?[_firstRows[group + 1] - _firstRows[group]],
            { } field when field.ClrType == typeof(ReadOnlyMemory<char>) =>
                await Texts<ReadOnlyMemory<char>>(field, Text).ConfigureAwait(false),
            { } field when field.ClrType == typeof(long) => await Texts<long>(field, Name).ConfigureAwait(false),
            { } field when field.ClrType == typeof(int) => await Texts<int>(field, v => Name(v)).ConfigureAwait(false),
            { } field when field.ClrType == typeof(uint) => await Texts<uint>(field, v => Name(v)).ConfigureAwait(false),
            { } field when field.ClrType == typeof(short) => await Texts<short>(field, v => Name(v)).ConfigureAwait(false),
            { } field when field.ClrType == typeof(ushort) => await Texts<ushort>(field, v => Name(v)).ConfigureAwait(false),
            { } field when field.ClrType == typeof(sbyte) => await Texts<sbyte>(field, v => Name(v)).ConfigureAwait(false),
            { } field when field.ClrType == typeof(ulong) => await Texts<ulong>(field, Name).ConfigureAwait(false),
            { } field when field.ClrType == typeof(double) => await Texts<double>(field, Name).ConfigureAwait(false),
            { } field when field.ClrType == typeof(bool) => await Texts<bool>(field, v => v ? "true" : "false").ConfigureAwait(false),
            { } field => await Texts<byte>(field, v => Name(v)).ConfigureAwait(false),
        };
        return [.. labels.Select(l => l ?? string.Empty)];

        Task<string?[]> Texts<T>(DataField field, Func<T, string?> text)
            where T : struct => ReadAsync(group, field, text);
    }

    private static string Text(ReadOnlyMemory<char> label) => label.Length <= TarLabels.MaxLength ? label.ToString()
        : throw new InvalidDataException($"a label has {label.Length} characters; at most {TarLabels.MaxLength} are read.");

    /// <summary>The label that a number stands for; -1 is none, as the test sets of Hugging Face have it.</summary>
    private string? Name(long number) => _columns.ClassNames is not { } names ? number.ToString(CultureInfo.InvariantCulture)
        : number == -1 ? null
        : number >= 0 && number < names.Count ? names[(int)number]
        : throw new InvalidDataException($"the label {number} is none of the {names.Count} classes that it names.");

    private string? Name(ulong number) =>
        number <= long.MaxValue ? Name((long)number) : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>pandas keeps whole numbers as these where some are missing.</summary>
    private string? Name(double number) => double.IsNaN(number) ? null
        : double.IsInteger(number) && Math.Abs(number) < long.MaxValue ? Name((long)number)
        : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A column of a row group, with nulls where it has none.</summary>
    private async Task<TResult?[]> ReadAsync<T, TResult>(int group, DataField field, Func<T, TResult?> take)
        where T : struct
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            ParquetRowGroupReader reader = _reader.OpenRowGroupReader(group);
            int rows = (int)reader.RowCount;
            (_stream.End, _) = ParquetPages.Check(
                _stream, reader.GetMetadata(field) ?? throw new InvalidDataException($"a row group has no column '{field.Path}'."), rows);
            T[] values = new T[rows];
            int[]? levels = field.MaxDefinitionLevel > 0 ? new int[rows] : null;
            await reader.ReadRawAsync<T>(field, values, levels?.AsMemory(), null).ConfigureAwait(false);

            // Parquet keeps only values that are there, one after the other.
            TResult?[] taken = new TResult?[rows];
            for ((int row, int next) = (0, 0); row < rows; row++)
            {
                taken[row] = levels is null || levels[row] == field.MaxDefinitionLevel ? take(values[next++]) : default;
            }

            return taken;
        }
        finally
        {
            _stream.End = long.MaxValue;
            _ = _gate.Release();
        }
    }

    /// <summary>Parquet.Net meets damage with exceptions of every kind.</summary>
    private async Task<T> Guarded<T>(Task<T> reading)
    {
        try
        {
            return await reading.ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or UnauthorizedAccessException)
            && !(e is InvalidDataException && e.Message.Contains(_path, StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"'{_path}' cannot be read as a Parquet file: {e.Message}", e);
        }
    }
}
