using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>Ids, labels and sources of the rows of one part, in memory or in a mapped file.</summary>
internal sealed class EntryColumns
{
    private readonly long _firstId;
    private readonly ByteStore? _ids;
    private readonly ByteStore? _labelNumbers;
    private readonly StringTable? _labelTexts;
    private readonly Lazy<string[]> _labels;
    private readonly StringTable? _sources;
    private readonly string _name;

    /// <param name="ids">64-bit ids, or null where they count up from <paramref name="firstId"/>.</param>
    /// <param name="firstId">Id of the first row where there are no <paramref name="ids"/>.</param>
    /// <param name="labelNumbers">32-bit positions in <paramref name="labels"/>, -1 for none; null where no row has a label.</param>
    /// <param name="labels">The distinct labels.</param>
    /// <param name="sources">One text a row, or null.</param>
    /// <param name="name">What to call their bank in an error.</param>
    public EntryColumns(
        ByteStore? ids, long firstId, ByteStore? labelNumbers, StringTable? labels, StringTable? sources, string name = "the memory bank")
    {
        _name = name;
        _ids = ids;
        _firstId = firstId;
        _labelNumbers = labelNumbers;
        _sources = sources;
        _labelTexts = labels;
        _labels = new Lazy<string[]>(
            () => labels is null ? [] : [.. Enumerable.Range(0, labels.Count).Select(i => NormalForm.Of(labels[i] ?? ""))]);
    }

    /// <summary>The labels of this part, in normal form; some may be used by no entry of a bank that keeps only some of its rows.</summary>
    public IReadOnlyList<string> Labels => _labels.Value;

    public StringTable? Sources => _sources;

    public long Id(int row) => _ids is null ? _firstId + row : _ids.Read<long>((long)row * sizeof(long));

    public void CopyIds(Span<long> destination)
    {
        if (_ids is not null)
        {
            _ids.CopyTo(0, destination);
            return;
        }

        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = _firstId + i;
        }
    }

    /// <summary>Position in <see cref="Labels"/>, or -1.</summary>
    public int LabelNumber(int row) => _labelNumbers is null ? -1 : Checked(_labelNumbers.Read<int>((long)row * sizeof(int)));

    public void CopyLabelNumbers(Span<int> destination)
    {
        if (_labelNumbers is null)
        {
            destination.Fill(-1);
            return;
        }

        _labelNumbers.CopyTo(0, destination);
        foreach (int number in destination)
        {
            Checked(number);
        }
    }

    public string? Label(int row) => LabelNumber(row) is int number and >= 0 ? Labels[number] : null;

    public string? Source(int row) => _sources?[row];

    /// <summary>The same rows under other ids.</summary>
    public EntryColumns WithIds(long[] ids) => new(ManagedBytes.Of<long>(ids), 0, _labelNumbers, _labelTexts, _sources);

    /// <summary>Some of the rows, in memory; null for all.</summary>
    public EntryColumns Select(int[]? rows) => rows is null ? this : new(
        ManagedBytes.Of<long>(Array.ConvertAll(rows, Id)),
        0,
        _labelNumbers is null ? null : ManagedBytes.Of<int>(Array.ConvertAll(rows, LabelNumber)),
        _labelTexts,
        _sources?.Select(rows));

    /// <summary>Columns in memory. Empty labels and sources count as none.</summary>
    public static EntryColumns Of(IReadOnlyList<long>? ids, long firstId, IReadOnlyList<string?>? labels, IReadOnlyList<string?>? sources)
    {
        ByteStore? idBytes = ids is null ? null : ManagedBytes.Of<long>(ids as long[] ?? [.. ids]);
        StringTable? sourceTexts = sources is null || sources.All(string.IsNullOrEmpty) ? null : StringTable.Of(sources, nameof(sources));
        if (labels is null || labels.All(string.IsNullOrEmpty))
        {
            return new EntryColumns(idBytes, firstId, null, null, sourceTexts);
        }

        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        int[] ofRow = new int[labels.Count];
        for (int i = 0; i < ofRow.Length; i++)
        {
            string label = NormalForm.Of(labels[i] ?? "");
            ofRow[i] = label.Length == 0 ? -1
                : numbers.TryGetValue(label, out int known) ? known
                : numbers[label] = numbers.Count;
        }

        StringTable labelTexts = StringTable.Of([.. numbers.Keys], nameof(labels));
        return new EntryColumns(idBytes, firstId, ManagedBytes.Of<int>(ofRow), labelTexts, sourceTexts);
    }

    private int Checked(int number) => number >= -1 && number < Labels.Count
        ? number
        : throw new InvalidDataException(
            $"An entry of {_name} has the label number {number}; there are {Labels.Count} labels. The file is damaged.");
}
