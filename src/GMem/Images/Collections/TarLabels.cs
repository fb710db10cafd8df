using System.Text;
using System.Text.Json;

namespace GMem.Images;

/// <summary>
/// Labels as WebDataset keeps them: files beside an image that have its name up to the first dot, its key. The first of <c>KEY.cls</c>,
/// <c>KEY.txt</c> (the first line of either) and <c>KEY.json</c> (its field <c>label</c>, or another of <see cref="LabelField.Names"/>)
/// that is there counts.
/// </summary>
/// <param name="read">The content of a file by its name; null if there is none.</param>
internal sealed class TarLabels(Func<string, byte[]?> read)
{
    /// <summary>Longest file that is read for a label.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>Longest label, in characters, that is read from anything.</summary>
    public const int MaxLength = 4096;

    private static readonly string[] Extensions = [".cls", ".txt", ".json"];
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>By key, which several images may share.</summary>
    private readonly Dictionary<string, string?> _labels = new(StringComparer.Ordinal);

    /// <summary>Files that labels were read from.</summary>
    public HashSet<string> Used { get; } = new(StringComparer.Ordinal);

    /// <summary>Files that should hold a label and do not, with the reason.</summary>
    public Dictionary<string, string> Unreadable { get; } = new(StringComparer.Ordinal);

    /// <summary>The label of an image; null if it has none of its own.</summary>
    public string? Of(string image)
    {
        int name = image.LastIndexOf('/') + 1;
        string key = image[..image.IndexOf('.', name)];
        if (!_labels.TryGetValue(key, out string? label))
        {
            label = _labels[key] = OfKey(key);
        }

        return label;
    }

    private string? OfKey(string key)
    {
        foreach (string extension in Extensions)
        {
            string file = key + extension;
            if (!Unreadable.ContainsKey(file) && read(file) is { } bytes && Text(file, bytes) is { Length: > 0 } label)
            {
                _ = Used.Add(file);
                return label;
            }
        }

        return null;
    }

    private string? Text(string file, byte[] bytes)
    {
        try
        {
            string? label = bytes.Length > MaxBytes ? throw new InvalidDataException()
                : file.EndsWith(".json", StringComparison.Ordinal) ? Field(bytes)
                : new StringReader(Strict.GetString(bytes).Trim()).ReadLine()?.TrimEnd();
            return label is { Length: > MaxLength } ? throw new InvalidDataException() : label;
        }
        catch (Exception e) when (e is ArgumentException or JsonException or InvalidOperationException or InvalidDataException)
        {
            Unreadable[file] = e is InvalidDataException ? "too long for a label"
                : e is JsonException ? "label that is not valid JSON" : "label that is not UTF-8";
            return null;
        }
    }

    private static string? Field(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        JsonProperty[] fields = [.. document.RootElement.EnumerateObject().Where(
            f => f.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number)];
        return LabelField.Names
            .SelectMany(name => fields.Where(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            .Select(f => f.Value.ToString().Trim()).FirstOrDefault();
    }
}
