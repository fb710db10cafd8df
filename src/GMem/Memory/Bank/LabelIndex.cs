namespace GMem.Memory;

/// <summary>Maps labels to entries. Built when a label is first looked up.</summary>
internal sealed class LabelIndex
{
    private readonly string[] _names;
    private readonly int[] _starts;
    private readonly int[] _entries;

    public LabelIndex(BankLayout layout)
    {
        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        int[] ofEntry = new int[layout.Count];
        int at = 0;
        foreach (BankSegment segment in layout.Segments)
        {
            int[] local = segment.LabelNumbers();
            int[] translated = new int[segment.Part.Entries.Labels.Count];
            Array.Fill(translated, -1);
            foreach (int number in local)
            {
                ofEntry[at++] = number < 0 ? -1
                    : translated[number] >= 0 ? translated[number]
                    : translated[number] = Number(numbers, segment.Part.Entries.Labels[number]);
            }
        }

        (_names, int[] sorted) = Sort(numbers);
        (_starts, _entries) = Group(ofEntry, sorted, _names.Length);
    }

    /// <summary>The labels of the entries, in ordinal order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The entries that have a label, label by label, each label's in the order of the bank.</summary>
    public IReadOnlyList<int> Entries => _entries;

    /// <summary>Where the label's entries lie in <see cref="Entries"/>.</summary>
    /// <exception cref="ArgumentException">No entry has the label; the message lists the labels of the bank.</exception>
    public (int Start, int Count) Range(string label, string parameter)
    {
        int found = Array.BinarySearch(_names, NormalForm.Of(label), StringComparer.Ordinal);
        return found >= 0 ? (_starts[found], _starts[found + 1] - _starts[found])
            : throw new ArgumentException(
                $"No entry of the memory bank has the label '{label}'; "
                + (_names.Length == 0 ? "its entries have no labels." : $"it knows {TextList.Of(_names)}."),
                parameter);
    }

    public ReadOnlySpan<int> EntriesOf(string label, string parameter)
    {
        (int start, int count) = Range(label, parameter);
        return _entries.AsSpan(start, count);
    }

    private static int Number(Dictionary<string, int> numbers, string label) =>
        numbers.TryGetValue(label, out int known) ? known : numbers[label] = numbers.Count;

    private static (string[] Names, int[] Sorted) Sort(Dictionary<string, int> numbers)
    {
        string[] names = [.. numbers.Keys];
        Array.Sort(names, StringComparer.Ordinal);
        int[] sorted = new int[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            sorted[numbers[names[i]]] = i;
        }

        return (names, sorted);
    }

    private static (int[] Starts, int[] Entries) Group(int[] ofEntry, int[] sorted, int labels)
    {
        int[] starts = new int[labels + 1];
        foreach (int number in ofEntry)
        {
            if (number >= 0)
            {
                starts[sorted[number] + 1]++;
            }
        }

        for (int i = 0; i < labels; i++)
        {
            starts[i + 1] += starts[i];
        }

        int[] next = [.. starts];
        int[] entries = new int[starts[^1]];
        for (int i = 0; i < ofEntry.Length; i++)
        {
            if (ofEntry[i] >= 0)
            {
                entries[next[sorted[ofEntry[i]]]++] = i;
            }
        }

        return (starts, entries);
    }
}
