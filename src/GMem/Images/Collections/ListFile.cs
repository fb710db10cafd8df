using System.Text;

namespace GMem.Images;

/// <summary>
/// A text file that lists images: one in each line, its path and its label, separated by a tab or, where the first line has none, a comma.
/// With commas, values may be quoted as RFC 4180 has it; with tabs, quotes are characters like others.
/// </summary>
internal static class ListFile
{
    private const int MostShown = 80;

    internal static readonly string[] PathColumns =
        ["path", "image", "image_path", "imagepath", "file", "file_name", "filename", "filepath", "file_path"];

    /// <summary>Its images, in the order of the lines.</summary>
    /// <exception cref="InvalidDataException">
    /// It is no list, not UTF-8, too long, or has a quote that is not closed; the message says which and where.
    /// </exception>
    public static FoundImages Read(string path)
    {
        List<ImageFile> files = [];
        List<IgnoredFile> ignored = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        (int image, int label) = (0, 1);
        bool isFirst = true;
        foreach ((long line, string[] fields) in Lines(path))
        {
            if (isFirst && Header(fields) is { } header)
            {
                (image, label) = header;
            }
            else if (isFirst && !MayBeImage(path, fields[0].Trim()))
            {
                throw new InvalidDataException(
                    $"'{path}' is a text file but no list of images: its first line is '{Start(fields[0])}', which is neither the path "
                        + $"of an image nor a header (which has one of {string.Join(", ", PathColumns)}).");
            }
            else if (Ignore(path, line, fields.ElementAtOrDefault(image), seen) is { } reason)
            {
                ignored.Add(reason);
            }
            else
            {
                string name = fields[image].Trim();
                files.Add(new ImageFile
                {
                    ImagePath = Resolve(path, name),
                    Label = NormalForm.Of(label < 0 || label >= fields.Length
                        ? ImageName.Folder(name.Replace('\\', '/'))
                        : fields[label].Trim()),
                });
            }

            isFirst = false;
        }

        return new FoundImages(files, ignored);
    }

    /// <summary>
    /// The columns of path and label (-1 for none) where the first line is a header: where one of its values is a name that columns of
    /// paths have, in whatever case, and none is the path of an image.
    /// </summary>
    public static (int Image, int Label)? Header(string[] fields)
    {
        int image = fields.Any(f => ImageName.IsImage(f.Trim())) ? -1 : Index(fields, PathColumns);
        return image < 0 ? null : (image, Index(fields, LabelField.Names));
    }

    private static bool MayBeImage(string list, string name) => ImageName.IsImage(name) || name.Contains("://", StringComparison.Ordinal)
        || (name.Length > 0 && (File.Exists(Resolve(list, name)) || OpenArchives.Split(Resolve(list, name)) is not null));

    private static string Start(string text) => text.Length > MostShown ? text[..MostShown] + "..." : text;

    private static int Index(string[] fields, IReadOnlyList<string> names) => names
        .Select(name => Array.FindIndex(fields, f => f.Trim().Equals(name, StringComparison.OrdinalIgnoreCase)))
        .FirstOrDefault(index => index >= 0, -1);

    private static IgnoredFile? Ignore(string list, long line, string? name, HashSet<string> seen)
    {
        string? reason = string.IsNullOrWhiteSpace(name) ? "line without a path"
            : name.Contains("://", StringComparison.Ordinal) ? "URL, which is not fetched"
            : !seen.Add(name.Trim()) ? "second line of the same path"
            : null;
        return reason is null ? null : new IgnoredFile(
            string.Create(CultureInfo.InvariantCulture, $"{list}, line {line}"), reason, IsSuspect: reason[0] == 'U');
    }

    /// <summary>Relative paths are relative to the list.</summary>
    public static string Resolve(string list, string name) =>
        Path.IsPathRooted(name) ? name : Path.Combine(Path.GetDirectoryName(list) ?? "", name);

    /// <summary>Its lines that are not empty, numbered from 1.</summary>
    /// <exception cref="InvalidDataException">It is not UTF-8, too long, or has a quote that is not closed.</exception>
    public static IEnumerable<(long Line, string[] Fields)> Lines(string path)
    {
        if (ImageReader.RequireBytes(path) > ImageReader.MaxFileBytes)
        {
            throw new InvalidDataException($"'{path}' is longer than the {ImageReader.MaxFileBytes} bytes of a list that are read.");
        }

        UTF8Encoding strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        using StreamReader reader = new(path, strict, detectEncodingFromByteOrderMarks: true);
        string text = Text(reader, path);
        bool hasTabs = text.AsSpan(0, text.AsSpan().IndexOf('\n') is >= 0 and int end ? end : text.Length).Contains('\t');
        List<string> fields = [];
        long line = 1;
        for (int at = 0; at < text.Length;)
        {
            long first = line;
            fields.Clear();
            do
            {
                fields.Add(hasTabs ? Plain(text, ref at, "\t\r\n") : Quoted(text, ref at, ref line, path));
            }
            while (at < text.Length && text[at++] is '\t' or ',');

            // A line ends with one or both of these.
            at += at < text.Length && text[at - 1] == '\r' && text[at] == '\n' ? 1 : 0;
            line++;
            if (fields is not [{ Length: 0 }])
            {
                yield return (first, [.. fields]);
            }
        }
    }

    /// <summary>A value up to the separator or the end of the line.</summary>
    private static string Plain(string text, ref int at, string ends)
    {
        int start = at;
        at = text.AsSpan(at).IndexOfAny(ends) is >= 0 and int length ? at + length : text.Length;
        return text[start..at];
    }

    /// <summary>A value with commas: within quotes it may have commas, ends of lines, and quotes that are doubled.</summary>
    private static string Quoted(string text, ref int at, ref long line, string path)
    {
        if (at == text.Length || text[at] != '"')
        {
            return Plain(text, ref at, ",\r\n");
        }

        StringBuilder value = new();
        long start = line;
        for (; at < text.Length && text[at] == '"'; at++)
        {
            at++;
            string part = Plain(text, ref at, "\"");
            line += part.Count(c => c == '\n');
            _ = value.Append(part).Append('"');
        }

        return at <= text.Length && (at == text.Length || text[at] is ',' or '\r' or '\n')
            ? value.ToString(0, value.Length - 1)
            : throw new InvalidDataException(
                $"'{path}' has a quoted value in line {start} that is not closed, or goes on behind its quotes (RFC 4180).");
    }

    private static string Text(StreamReader reader, string path)
    {
        try
        {
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"'{path}' has bytes that are not UTF-8. Save the list as UTF-8.", e);
        }
    }
}
