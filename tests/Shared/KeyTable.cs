using System.Text.Json;

namespace GMem.Tests.Shared;

/// <summary>Names and shapes of a published model.</summary>
public static class KeyTable
{
    public static Dictionary<string, long[]> Read(string path) =>
        JsonSerializer.Deserialize<Dictionary<string, long[]>>(File.ReadAllText(path)) ?? throw new InvalidDataException(path);

    /// <summary>Both ways: every name of the table is ours with that shape, and we have no other.</summary>
    public static void RequireEqual(IReadOnlyDictionary<string, long[]> expected, IReadOnlyDictionary<string, long[]> actual, string what)
    {
        string[] Lines(IReadOnlyDictionary<string, long[]> table) =>
            [.. table.Select(t => $"{t.Key} [{string.Join(", ", t.Value)}]").Order(StringComparer.Ordinal)];
        string[] ours = Lines(actual), theirs = Lines(expected);
        Assert.True(theirs.Length > 0, $"{what}: the table is empty");
        Assert.True(theirs.SequenceEqual(ours),
            $"{what}: ours lacks {string.Join("; ", theirs.Except(ours))}; has besides {string.Join("; ", ours.Except(theirs))}");
    }
}
