using System.Globalization;
using System.Text.RegularExpressions;
using GMem.Memory;

namespace GMem;

/// <summary>Finds the one label that a text names.</summary>
internal static partial class LabelSearch
{
    /// <summary>Longest text, in characters: the time of a search grows with the square of it.</summary>
    private const int MostCharacters = 10_000;

    /// <exception cref="ArgumentException">The text names none, or several, or is too long.</exception>
    public static string Find(string text, IReadOnlyList<string> labels)
    {
        if (text.Length > MostCharacters)
        {
            throw new ArgumentException($"The prompt has {text.Length} characters, it may have at most {MostCharacters}. Shorten it.");
        }

        // A label itself is meant as it stands, even where another one differs from it in case alone.
        if (labels.Contains(NormalForm.Of(text), StringComparer.Ordinal))
        {
            return NormalForm.Of(text);
        }

        string given = Normal(text);
        (string Label, int Start, int End)[] found =
            [.. labels.SelectMany(label => Occurrences(given, Normal(label)).Select(o => (label, o.Start, o.End)))];
        string[] named = [.. found.Where(f => !found.Any(other => IsWithin(f, other))).Select(f => f.Label).Distinct()];
        return named switch
        {
            [string label] => label,
            [] => throw new ArgumentException($"The prompt '{text}' names no label; {Known(labels)}"),
            _ => throw new ArgumentException($"The prompt '{text}' names several labels: {TextList.Of(named)}. Name one; {Known(labels)}"),
        };
    }

    private static string Known(IReadOnlyList<string> labels) =>
        labels.Count == 0 ? "the model has no labels." : $"the model knows {TextList.Of(labels)}.";

    private static bool IsWithin((string Label, int Start, int End) inner, (string Label, int Start, int End) outer) =>
        inner.Start >= outer.Start && inner.End <= outer.End && inner.End - inner.Start < outer.End - outer.Start;

    private static IEnumerable<(int Start, int End)> Occurrences(string text, string label)
    {
        for (int at = Next(0); at >= 0; at = Next(at + 1))
        {
            int end = at + label.Length;
            if ((at == 0 || !IsOfAWord(text[at - 1])) && (end == text.Length || !IsOfAWord(text[end])))
            {
                yield return (at, end);
            }
        }

        int Next(int start) => label.Length == 0 ? -1 : text.IndexOf(label, start, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Letters, digits, and what goes on with them: marks, and characters beyond 16 bits, of which only halves are seen.</summary>
    private static bool IsOfAWord(char c) => char.IsLetterOrDigit(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static string Normal(string text) => Gaps().Replace(NormalForm.Of(text), " ").Trim();

    [GeneratedRegex(@"[\s_]+")]
    private static partial Regex Gaps();
}
