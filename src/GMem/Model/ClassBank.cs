using GMem.Memory;
using TorchSharp;

namespace GMem.Model;

/// <summary>
/// The bank of a network that takes class labels instead of snippets: one entry a class, the unit vector of its number, with its name as label. Drawing, prompts by
/// index or by label, and edits then work as with any bank. A network without a condition has a bank of one entry.
/// </summary>
internal static class ClassBank
{
    /// <summary>Below this a row is no unit vector of a class.</summary>
    private const float SmallestEntry = 0.999f;

    /// <summary>The bank grows with the square of the classes: at the most, 1.2 GB; ImageNet-21K has 21,841.</summary>
    public const int MostClasses = 25_000;

    /// <summary>Above this many classes rows are kept as float16, in which 0 and 1 are exact.</summary>
    private const int ManyClasses = 2048;

    /// <param name="names">The classes in the order of their numbers.</param>
    /// <exception cref="ArgumentException">There are too many.</exception>
    public static MemoryBank Of(IReadOnlyList<string> names)
    {
        if (names.Count > MostClasses)
        {
            throw new ArgumentException($"A network conditioned on class labels may have {MostClasses:N0} classes at most; this has {names.Count:N0}.");
        }

        bool many = names.Count > ManyClasses;
        using torch.Tensor rows = torch.eye(names.Count, dtype: many ? torch.float16 : torch.float32);
        return MemoryBank.FromRows(rows, [.. names], storage: many ? SnippetStorage.Float16 : SnippetStorage.Float32);
    }

    /// <summary>Names for classes that are known by number alone.</summary>
    public static string[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))];

    /// <summary>The bank of a network without a condition.</summary>
    public static MemoryBank Single()
    {
        using torch.Tensor row = torch.ones(1, 1);
        return MemoryBank.FromRows(row);
    }

    /// <summary>The names of all classes in the order of their numbers; a class whose entry was removed from the bank goes by its number.</summary>
    public static string[] Names(MemoryBank bank)
    {
        string[] names = Numbers(bank.Dimension);
        using torch.Tensor rows = bank.Rows([.. Enumerable.Range(0, (int)bank.Count).Select(i => (long)i)]);
        using torch.Tensor classes = Classes(rows);
        foreach ((MemoryEntry entry, long number) in bank.Entries.Zip(classes.data<long>().ToArray()))
        {
            names[number] = entry.Label ?? names[number];
        }

        return names;
    }

    /// <summary>The classes that rows stand for.</summary>
    /// <param name="rows">float32 <c>[B, classes]</c> on the CPU.</param>
    /// <returns>int64 <c>[B]</c>.</returns>
    /// <exception cref="ArgumentException">A row stands for no single class.</exception>
    public static torch.Tensor Classes(torch.Tensor rows)
    {
        (torch.Tensor largest, torch.Tensor classes) = rows.max(1);
        using torch.Tensor values = largest;
        foreach (float value in values.data<float>())
        {
            if (value < SmallestEntry)
            {
                classes.Dispose();
                throw new ArgumentException(
                    "A snippet or memory entry is no unit vector of a class. This model is conditioned on class labels: ask for a class by its Label or, by its number, with MemoryIndex.");
            }
        }

        return classes;
    }
}
