namespace GMem.Images;

/// <summary>Numbers for each image, from a table (CSV or TSV) with a column of paths; for a model conditioned on values.</summary>
public sealed class ImageValues
{
    private readonly string _table;
    private readonly Dictionary<string, float[]> _byPath = new(StringComparer.Ordinal);

    private ImageValues(string table, IReadOnlyList<string> names) => (_table, Names) = (table, names);

    /// <summary>The names of the components, in the order of the columns.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>
    /// Reads a table. Its first line names the columns: one of paths (such as <c>path</c> or <c>image</c>), relative to the table, and one
    /// for each component; a column of labels (such as <c>label</c>) is passed over. Numbers have a decimal point.
    /// </summary>
    /// <param name="path">The table, UTF-8.</param>
    /// <returns>The values.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// There is no such header, a value is not a finite number, or two lines differ about an image; the message names the line.
    /// </exception>
    public static ImageValues Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ImageValues? values = null;
        int image = 0;
        int[] columns = [];
        foreach ((long line, string[] fields) in ListFile.Lines(path))
        {
            if (values is null)
            {
                (image, int label) = ListFile.Header(fields) ?? throw new InvalidDataException(
                    $"'{path}' has no header: its first line must name a column of paths ({string.Join(", ", ListFile.PathColumns)}) and "
                        + "the columns of values.");
                columns = [.. Enumerable.Range(0, fields.Length).Where(i => i != image && i != label)];
                string[] names = [.. columns.Select(c => fields[c].Trim())];
                values = names.Length > 0 && names.All(n => n.Length > 0) && names.Distinct().Count() == names.Length
                    ? new ImageValues(path, names)
                    : throw new InvalidDataException(
                        $"'{path}' must have one column of values or more, with different names; it has '{string.Join("', '", names)}'.");
                continue;
            }

            values.Add(line, fields, image, columns);
        }

        return values ?? throw new InvalidDataException($"'{path}' is empty.");
    }

    /// <summary>The values of an image.</summary>
    /// <param name="imagePath">Its path, as <see cref="ImageFile.ImagePath"/> has it.</param>
    /// <returns>One number a component.</returns>
    /// <exception cref="InvalidDataException">The table has no line for it.</exception>
    public float[] Of(string imagePath)
    {
        ArgumentException.ThrowIfNullOrEmpty(imagePath);
        return _byPath.TryGetValue(Path.GetFullPath(imagePath), out float[]? values) ? values : throw new InvalidDataException(
            $"'{_table}' has no line for '{imagePath}' (its paths are relative to the table). Add one, or leave the image out.");
    }

    private void Add(long line, string[] fields, int image, int[] columns)
    {
        string place = string.Create(CultureInfo.InvariantCulture, $"'{_table}', line {line}");
        if (image >= fields.Length || string.IsNullOrWhiteSpace(fields[image]))
        {
            throw new InvalidDataException($"{place}: there is no path.");
        }

        float[] row = new float[columns.Length];
        for (int i = 0; i < row.Length; i++)
        {
            string text = columns[i] < fields.Length ? fields[columns[i]].Trim() : "";
            row[i] = float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value)
                ? value
                : throw new InvalidDataException($"{place}: '{Names[i]}' is '{text}', expected a finite number such as 0.5.");
        }

        string full = Path.GetFullPath(ListFile.Resolve(_table, fields[image].Trim()));
        if (!_byPath.TryAdd(full, row) && !_byPath[full].SequenceEqual(row))
        {
            throw new InvalidDataException($"{place}: '{fields[image].Trim()}' has other values in an earlier line.");
        }
    }
}
