using System.IO.Enumeration;

namespace GMem.Images;

/// <summary>
/// One name for many files: <c>shard-{000000..000003}.tar</c> counts (with as many digits as it is written with), <c>{a,b}</c> lists, and
/// <c>*</c> and <c>?</c> in the last part of a path match what is there.
/// </summary>
internal static class ShardPattern
{
    private const int MostShards = 1_000_000;

    /// <summary>Whether a path is a pattern; one that exists as it is written is not.</summary>
    public static bool Is(string path) => path.AsSpan().ContainsAny("{*?") && !Path.Exists(path);

    /// <summary>The paths that it stands for: counted and listed ones as written, matching ones in ordinal order.</summary>
    /// <exception cref="InvalidDataException">It stands for too many, or has a brace that is not closed.</exception>
    /// <exception cref="DirectoryNotFoundException">Nothing matches.</exception>
    public static IReadOnlyList<string> Expand(string pattern)
    {
        string[] paths = [.. Braces(pattern, pattern)];
        return paths.Length <= MostShards
            ? [.. paths.SelectMany(Matches)]
            : throw new InvalidDataException($"'{pattern}' stands for more than {MostShards} files. Name fewer at once.");
    }

    private static IEnumerable<string> Braces(string text, string pattern)
    {
        int open = text.IndexOf('{', StringComparison.Ordinal);
        if (open < 0)
        {
            return [text];
        }

        int close = text.IndexOf('}', open);
        string inside = close > 0
            ? text[(open + 1)..close]
            : throw new InvalidDataException($"'{pattern}' has a brace that is not closed.");
        IEnumerable<string> choices = inside.Split("..") is [var first, var last]
            ? Count(first, last, pattern)
            : inside.Split(',');
        return choices.SelectMany(choice => Braces($"{text[..open]}{choice}{text[(close + 1)..]}", pattern)).Take(MostShards + 1);
    }

    private static IEnumerable<string> Count(string first, string last, string pattern)
    {
        if (!int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int from)
            || !int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out int to) || to < from || to - from >= MostShards)
        {
            throw new InvalidDataException(
                $"'{pattern}' has '{{{first}..{last}}}'; expected two whole numbers, the smaller first, at most {MostShards} apart.");
        }

        return Enumerable.Range(from, to - from + 1).Select(n => n.ToString($"D{first.Length}", CultureInfo.InvariantCulture));
    }

    private static IEnumerable<string> Matches(string path)
    {
        string name = Path.GetFileName(path);
        if (!name.AsSpan().ContainsAny("*?") || Path.Exists(path))
        {
            return [path];
        }

        string folder = Path.GetDirectoryName(path)!;
        string[] matches = [.. new DirectoryInfo(folder.Length > 0 ? folder : ".").EnumerateFileSystemInfos()
            .Where(f => f.Name is not ['.', ..] && FileSystemName.MatchesSimpleExpression(name, f.Name, ignoreCase: false))
            .Select(f => Path.Combine(folder, f.Name)).Order(StringComparer.Ordinal)];
        return matches.Length > 0 ? matches : throw new DirectoryNotFoundException($"There is no file or folder '{path}'.");
    }
}
