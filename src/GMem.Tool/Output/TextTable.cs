using System.Text;

namespace GMem.Tool.Output;

/// <summary>Columns of text, each as wide as its widest cell.</summary>
internal static class TextTable
{
    public static string Of(IReadOnlyList<string> head, IEnumerable<object?[]> rows)
    {
        List<string[]> lines = [[.. head], .. rows.Select(
            row => Array.ConvertAll(row, cell => Convert.ToString(cell, CultureInfo.InvariantCulture) ?? ""))];
        int[] widths = [.. head.Select((_, column) => lines.Max(line => line[column].Length))];
        StringBuilder text = new();
        foreach (string[] line in lines)
        {
            _ = text.AppendLine(string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }

        return text.ToString();
    }
}
