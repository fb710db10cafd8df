using System.Text.Json;
using Parquet;
using Parquet.Meta;
using Parquet.Schema;

namespace GMem.Images;

/// <summary>Which columns of a Parquet file hold the images and their labels.</summary>
/// <param name="Bytes">Encoded images.</param>
/// <param name="Path">Paths of image files where there are no bytes; null for no such column.</param>
/// <param name="Label">Labels: text, numbers or truth values; null for none.</param>
/// <param name="ClassNames">What numbers stand for; null for themselves.</param>
/// <param name="Warnings">Where there was a choice.</param>
internal sealed record ParquetColumns(
    DataField Bytes, DataField? Path, DataField? Label, IReadOnlyList<string>? ClassNames, IReadOnlyList<string> Warnings)
{
    private const string Metadata = "huggingface";

    private static readonly System.Type[] LabelTypes =
    [
        typeof(ReadOnlyMemory<char>), typeof(long), typeof(int), typeof(short), typeof(sbyte), typeof(byte), typeof(ushort), typeof(uint),
        typeof(ulong), typeof(double), typeof(bool),
    ];

    /// <exception cref="InvalidDataException">There is no column of images.</exception>
    public static ParquetColumns Of(ParquetReader reader, string file)
    {
        List<string> warnings = [];
        DataField[] fields = [.. reader.Schema.GetDataFields().Where(f => f.MaxRepetitionLevel == 0)];
        Dictionary<string, JsonElement> features = Features(reader, file, warnings);
        DataField[] images =
        [
            .. fields.Where(f => f.ClrType == typeof(ReadOnlyMemory<byte>) && f.Path.ToList() is [_] or [_, "bytes"])
                .OrderByDescending(f => TypeOf(f.Path[0]) == "Image")
                .ThenByDescending(f => f.Path.Length)
                .ThenByDescending(f => f.Path[0].Equals("image", StringComparison.OrdinalIgnoreCase)),
        ];
        if (images.Length == 0)
        {
            string all = string.Join(", ", reader.Schema.GetDataFields().Select(f => $"{f.Path} ({f.SchemaElement?.Type})"));
            throw new InvalidDataException(
                $"'{file}' has no column of images: expected a structure of 'bytes' and 'path', or binary values. It has {all}.");
        }

        DataField[] labels =
        [
            .. fields.Where(f => f.Path.Length == 1 && LabelTypes.Contains(f.ClrType) && (TypeOf(f.Path[0]) == "ClassLabel"
                || Rank(f.Path[0]) < LabelField.Names.Count)).OrderBy(f => Rank(f.Path[0])),
        ];
        if (images.Length > 1)
        {
            warnings.Add($"'{file}' has the image columns {Names(images)}; the first is read.");
        }

        if (labels.Length > 1)
        {
            warnings.Add($"'{file}' has the label columns {Names(labels)}; the first is read.");
        }

        if (labels.Length == 0)
        {
            warnings.AddRange(reader.Schema.Fields
                .Where(f => Rank(f.Name) < LabelField.Names.Count && f.Name != images[0].Path[0])
                .Select(f => $"The column '{f.Name}' of '{file}' is not read as labels: it is of the type "
                    + $"{(f as DataField)?.SchemaElement?.Type?.ToString() ?? f.SchemaType.ToString()}. Write text or whole numbers."));
        }

        DataField? label = labels.FirstOrDefault();
        return new ParquetColumns(
            images[0], fields.FirstOrDefault(f => f.Path.ToList() is [var name, "path"] && name == images[0].Path[0]
                && f.ClrType == typeof(ReadOnlyMemory<char>) && images[0].Path.Length == 2),
            label, label is null ? null : ClassNamesOf(label.Path[0]), warnings);

        string? TypeOf(string column) => features.TryGetValue(column, out JsonElement feature) ? Text(feature, "_type") : null;

        string[]? ClassNamesOf(string column) => features.TryGetValue(column, out JsonElement feature)
            && feature.TryGetProperty("names", out JsonElement names) && names.ValueKind == JsonValueKind.Array
            ? [.. names.EnumerateArray().Select(n => n.ToString())]
            : null;
    }

    private static string Names(DataField[] fields) => string.Join(", ", fields.Select(f => $"'{f.Path[0]}'"));

    private static int Rank(string column)
    {
        int rank = LabelField.Names.ToList().FindIndex(n => n.Equals(column, StringComparison.OrdinalIgnoreCase));
        return rank < 0 ? LabelField.Names.Count : rank;
    }

    private static string? Text(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out JsonElement text)
            && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;

    /// <summary>What the Python package <c>datasets</c> says of each column.</summary>
    private static Dictionary<string, JsonElement> Features(ParquetReader reader, string file, List<string> warnings)
    {
        KeyValue? found = reader.Metadata?.KeyValueMetadata?.Find(m => m.Key == Metadata);
        try
        {
            JsonElement root = found?.Value is { } json ? JsonSerializer.Deserialize<JsonElement>(json) : default;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("info", out JsonElement info)
                && info.ValueKind == JsonValueKind.Object && info.TryGetProperty("features", out JsonElement features)
                && features.ValueKind == JsonValueKind.Object
                ? features.EnumerateObject().Where(f => f.Value.ValueKind == JsonValueKind.Object)
                    .GroupBy(f => f.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Value, StringComparer.Ordinal)
                : [];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            warnings.Add($"The metadata '{Metadata}' of '{file}' are not valid JSON: the names of its classes are not known.");
            return [];
        }
    }
}
