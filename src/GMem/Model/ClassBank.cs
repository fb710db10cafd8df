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

    /// <param name="names">The classes in the order of their numbers.</param>
    public static MemoryBank Of(IReadOnlyList<string> names)
    {
        using torch.Tensor rows = torch.eye(names.Count);
        return MemoryBank.FromRows(rows, [.. names]);
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
