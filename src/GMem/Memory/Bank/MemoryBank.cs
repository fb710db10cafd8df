namespace GMem.Memory;

/// <summary>
/// A memory bank: entries, each of which is a snippet of unit length with a stable id and, where known, a label and a source.
/// Snippets condition the network. Noise, an index, an id or a label decides from which entry an image is generated.
/// </summary>
/// <remarks>
/// <para>A bank never changes: every edit returns a new bank, which shares the storage of the old one. Banks hold no native
/// memory and need no disposal. A bank opened from a file keeps the file mapped until no bank refers to it any more.</para>
/// <para>Once an entry is removed, no image is generated from it. The network does not unlearn it: what it has learnt from the
/// image stays in its weights.</para>
/// <para>Source: "Generative Modeling with Explicit Memory" (arXiv 2412.08781). Thread-safe.</para>
/// </remarks>
public sealed partial class MemoryBank
{
    private readonly SnippetStorage _storage;
    private readonly BankLayout _layout;
    private readonly double[]? _weights;
    private readonly long _nextId;
    private readonly Lazy<IdIndex> _ids;
    private readonly Lazy<LabelIndex> _labels;
    private readonly IndexSampler _sampler;

    internal MemoryBank(SnippetStorage storage, BankLayout layout, double[]? weights, long nextId)
    {
        _storage = storage;
        _layout = layout;
        _weights = weights;
        _nextId = nextId;
        _ids = new(() => new IdIndex(layout));
        _labels = new(() => new LabelIndex(layout));
        _sampler = new(layout.Count, weights, _labels);
    }

    /// <summary>Number of entries, at least 1.</summary>
    public long Count => _layout.Count;

    /// <summary>Components of a snippet, <c>m</c>.</summary>
    public int Dimension => _storage.DimensionOf(_layout.Width);

    /// <summary>The distinct labels of the entries, in ordinal order.</summary>
    public IReadOnlyList<string> Labels => _labels.Value.Names;

    /// <summary>All entries in order, without their snippets.</summary>
    public IEnumerable<MemoryEntry> Entries
    {
        get
        {
            for (int index = 0; index < _layout.Count; index++)
            {
                yield return EntryAt(index);
            }
        }
    }

    /// <summary>One entry without its snippet.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <returns>Its id, label and source.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such index.</exception>
    public MemoryEntry Entry(long index) => EntryAt(CheckIndex(index, nameof(index)));

    /// <summary>The number of entries with a label.</summary>
    /// <param name="label">One of <see cref="Labels"/>.</param>
    /// <returns>At least 1.</returns>
    /// <exception cref="ArgumentException">No entry has the label; the message lists the labels of the bank.</exception>
    public long CountOf(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        return _labels.Value.Range(label, nameof(label)).Count;
    }

    /// <summary>The entries with a label.</summary>
    /// <param name="label">One of <see cref="Labels"/>.</param>
    /// <returns>Their indices in ascending order.</returns>
    /// <exception cref="ArgumentException">No entry has the label; the message lists the labels of the bank.</exception>
    public long[] IndicesOf(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        return Array.ConvertAll(_labels.Value.EntriesOf(label, nameof(label)).ToArray(), i => (long)i);
    }

    /// <summary>The index of an entry.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>Its index.</returns>
    /// <exception cref="KeyNotFoundException">No entry has the id.</exception>
    public long IndexOf(EntryId id) => _ids.Value.Find([id])[0];

    /// <summary>The index of an entry, if it is in the bank.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="index">Its index, or -1.</param>
    /// <returns>Whether the bank has it.</returns>
    public bool TryIndexOf(EntryId id, out long index)
    {
        bool found = _ids.Value.TryFind(id.Value, out int at);
        index = at;
        return found;
    }

    /// <summary>Snippets by index, in the order given. An index may occur more than once.</summary>
    /// <param name="indices">Each from 0 to <see cref="Count"/> - 1.</param>
    /// <param name="device">The device of the result; null for the CPU.</param>
    /// <returns>A new tensor <c>[k, m]</c> of 32-bit floats, rows of unit length; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is not in the bank.</exception>
    /// <exception cref="InvalidDataException">A row in the bank's file is not of unit length: the file is damaged.</exception>
    public torch.Tensor Rows(ReadOnlySpan<long> indices, torch.Device? device = null)
    {
        foreach (long index in indices)
        {
            CheckIndex(index, nameof(indices));
        }

        GMemRuntime.EnsureLoaded();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = _storage.Decode(_layout.Vectors(indices));
        CheckUnit(rows, indices);
        return rows.to(device ?? torch.CPU).MoveToOuterDisposeScope();
    }

    /// <summary>Snippets by id, in the order given.</summary>
    /// <param name="ids">Ids of entries.</param>
    /// <param name="device">The device of the result; null for the CPU.</param>
    /// <returns>A new tensor <c>[k, m]</c> of 32-bit floats, rows of unit length; dispose it.</returns>
    /// <exception cref="KeyNotFoundException">Ids are not in the bank; the message names them.</exception>
    public torch.Tensor RowsById(ReadOnlySpan<EntryId> ids, torch.Device? device = null) =>
        Rows(Array.ConvertAll(_ids.Value.Find(ids), i => (long)i), device);

    /// <summary>
    /// The entry that a Gaussian number selects. With <c>u</c> the standard normal distribution function of the number, it is the
    /// entry at the fraction <c>u</c> of the bank. A standard normal number so selects all entries with equal probability, or by
    /// weight where weights are set.
    /// </summary>
    /// <param name="standardNormal">Finite. The same number always selects the same entry.</param>
    /// <param name="label">Restricts the selection to the entries with this label; null for all.</param>
    /// <returns>An index.</returns>
    /// <exception cref="ArgumentException">
    /// The number is not finite, no entry has the label (the message lists the labels of the bank), or all its entries have weight 0.
    /// </exception>
    internal long IndexFromNoise(double standardNormal, string? label = null)
    {
        if (!double.IsFinite(standardNormal))
        {
            throw new ArgumentException(FormattableString.Invariant(
                $"The noise that picks a memory entry is {standardNormal}; it must be finite."));
        }

        double uniform = Math.Min(NormalDistribution.Cumulative(standardNormal), Math.BitDecrement(1));
        return label is null ? _sampler.Draw(uniform) : _sampler.Draw(uniform, label);
    }

    /// <summary>Rows were checked when they were added. A file may have changed since, and bad rows must not reach the network.</summary>
    private void CheckUnit(torch.Tensor rows, ReadOnlySpan<long> indices)
    {
        if (UnitRows.FirstNotUnit(rows) is int row)
        {
            throw new InvalidDataException(
                $"The snippet at index {indices[row]} of {Origin} is not of unit length; the file it is read from is damaged.");
        }
    }

    /// <summary>Checks all rows of a bank that was read into memory.</summary>
    /// <exception cref="InvalidDataException">One is damaged.</exception>
    internal void CheckAllRows()
    {
        foreach (BankSegment segment in _layout.Segments)
        {
            segment.Part.Vectors.Check(0, segment.Part.Vectors.Count);
        }
    }

    private MemoryEntry EntryAt(int index)
    {
        (BankPart part, int row) = _layout.Locate(index);
        return new MemoryEntry(index, new EntryId(part.Entries.Id(row)), part.Entries.Label(row), part.Entries.Source(row));
    }

    private int CheckIndex(long index, string parameter) => index >= 0 && index < _layout.Count ? (int)index
        : throw new ArgumentOutOfRangeException(
            parameter, index, $"The memory index {index} is not in the bank; it has the indices 0 to {_layout.Count - 1}.");
}
