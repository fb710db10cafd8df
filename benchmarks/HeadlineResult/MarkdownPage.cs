using System.Globalization;
using System.Text;
using GMem.Runtime;

namespace HeadlineResult;

/// <summary>A page of the documentation, line by line, its numbers as everywhere in the world.</summary>
internal sealed class MarkdownPage
{
    private const int Limit = 140;

    private readonly StringBuilder _text = new();

    /// <summary>Versions and threads, without the paths of the machine.</summary>
    public static string Machine() => "Machine: "
        + string.Join("; ", GMemRuntime.Describe().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Where(line => !line.StartsWith("shim", StringComparison.Ordinal))
        .Select(line => string.Join(' ', line.Split(" from ")[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)))) + ".";

    /// <summary>One line of the page; a long one is given in parts.</summary>
    public void Line(params FormattableString[] parts) =>
        _text.AppendLine(Wrapped(string.Concat(parts.Select(part => part.ToString(CultureInfo.InvariantCulture)))));

    public void Write(string path) => File.WriteAllText(path, ToString());

    public override string ToString() => _text.ToString();

    /// <summary>Broken at spaces where it is too long for a page; rows of tables stay whole.</summary>
    private static string Wrapped(string line)
    {
        string indent = line.StartsWith("- ", StringComparison.Ordinal) ? "  " : "";
        string wrapped = "";
        while (line.Length > Limit && line[0] != '|' && line.LastIndexOf(' ', Limit) is var end && end > indent.Length)
        {
            wrapped += line[..end] + Environment.NewLine;
            line = indent + line[(end + 1)..];
        }

        return wrapped + line;
    }
}
