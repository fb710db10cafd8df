namespace GMem.Memory;

/// <summary>Formats lists for error messages: the first few items, and how many more there are.</summary>
internal static class TextList
{
    private const int Shown = 10;

    public static string Of<T>(IReadOnlyCollection<T> items)
    {
        string first = string.Join(
            ", ",
            items.Take(Shown).Select(i => i is string text ? $"'{text}'" : Convert.ToString(i, CultureInfo.InvariantCulture)));
        return items.Count <= Shown ? first : $"{first} and {items.Count - Shown:N0} more";
    }
}
