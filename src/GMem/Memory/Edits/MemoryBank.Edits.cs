namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>Adds snippets at the end. A low-rank bank keeps their projection onto its basis.</summary>
    /// <param name="snippets">
    /// <c>[k, m]</c> or one <c>[m]</c>, a float type, of any length and on any device; they are brought to unit length.
    /// </param>
    /// <param name="labels">One for each, or null.</param>
    /// <param name="sources">One for each, or null.</param>
    /// <param name="ids">One for each, not in use yet. Null continues from the highest id that the bank ever had.</param>
    /// <returns>A new bank. Where sampling weights are set, new entries have weight 1.</returns>
    /// <exception cref="ArgumentException">
    /// The dimensions differ, some snippets are not finite or almost zero, ids are in use, or a list has another length.
    /// </exception>
    public MemoryBank Add(
        torch.Tensor snippets,
        IReadOnlyList<string?>? labels = null,
        IReadOnlyList<string?>? sources = null,
        IReadOnlyList<EntryId>? ids = null)
    {
        ArgumentNullException.ThrowIfNull(snippets);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = snippets.dim() == 1 ? snippets.unsqueeze(0) : snippets.alias();
        CheckMatrix(rows, nameof(snippets));
        CheckDimension((int)rows.shape[1], nameof(snippets));
        CheckIds(ids);
        CheckFree(ids ?? [.. Enumerable.Range(0, (int)rows.shape[0]).Select(i => new EntryId(checked(_nextId + i)))]);
        BankPart part = MakePart(_storage, rows, labels, sources, ids, _nextId);
        int count = part.Vectors.Count;
        return new MemoryBank(_storage, _layout.Append(part), ExtendedWeights(count), NextId(_nextId, ids, count));
    }

    /// <summary>Removes entries, so that no image is generated from them. The network does not unlearn them.</summary>
    /// <param name="ids">Ids of entries. Duplicates are ignored.</param>
    /// <returns>A new bank.</returns>
    /// <exception cref="KeyNotFoundException">Some ids are not in the bank; the message names them.</exception>
    /// <exception cref="InvalidOperationException">No entry would be left.</exception>
    public MemoryBank Remove(params ReadOnlySpan<EntryId> ids)
    {
        HashSet<int> removed = [.. _ids.Value.Find(ids)];
        return Keep(Enumerable.Range(0, _layout.Count).Where(i => !removed.Contains(i)));
    }

    /// <summary>Removes the entries with a label.</summary>
    /// <param name="label">One of <see cref="Labels"/>.</param>
    /// <returns>A new bank.</returns>
    /// <exception cref="ArgumentException">No entry has the label; the message lists the labels of the bank.</exception>
    /// <exception cref="InvalidOperationException">No entry would be left.</exception>
    public MemoryBank RemoveLabel(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        HashSet<int> removed = [.. _labels.Value.EntriesOf(label, nameof(label))];
        return Keep(Enumerable.Range(0, _layout.Count).Where(i => !removed.Contains(i)));
    }

    /// <summary>Removes the entries that satisfy a condition.</summary>
    /// <param name="condition">Whether to remove an entry.</param>
    /// <returns>A new bank.</returns>
    /// <exception cref="InvalidOperationException">No entry would be left.</exception>
    public MemoryBank RemoveWhere(Func<MemoryEntry, bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return Keep(Enumerable.Range(0, _layout.Count).Where(i => !condition(EntryAt(i))));
    }

    /// <summary>Keeps only the entries with a label.</summary>
    /// <param name="label">One of <see cref="Labels"/>.</param>
    /// <returns>A new bank, its entries in the same order.</returns>
    /// <exception cref="ArgumentException">No entry has the label; the message lists the labels of the bank.</exception>
    public MemoryBank KeepLabel(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        return Keep(_labels.Value.EntriesOf(label, nameof(label)).ToArray());
    }

    /// <summary>Keeps a random subset of the entries. All subsets of that size are equally likely.</summary>
    /// <param name="count">From 1 to <see cref="Count"/>.</param>
    /// <param name="seed">The same seed keeps the same entries.</param>
    /// <returns>A new bank, its entries in the same order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of range.</exception>
    public MemoryBank KeepRandom(long count, long seed) => Keep(BankSubset.Random(_layout.Count, CheckSubset(count), seed));

    /// <summary>
    /// Keeps a subset that is spread over the bank, chosen like the initial centres of k-means++ (Arthur and Vassilvitskii,
    /// 2007): each next entry is drawn with a probability proportional to the square of its distance to the nearest entry chosen
    /// so far. Reads the whole bank once for every entry kept.
    /// </summary>
    /// <param name="count">From 1 to <see cref="Count"/>.</param>
    /// <param name="seed">The same seed keeps the same entries.</param>
    /// <param name="cancellationToken">Cancels the operation with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>A new bank, its entries in the same order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of range.</exception>
    public MemoryBank KeepSpread(long count, long seed, CancellationToken cancellationToken = default) =>
        Keep(BankSubset.Spread(_storage, _layout, CheckSubset(count), seed, cancellationToken));

    /// <summary>
    /// Appends the entries of another bank. The result has the storage of this bank: entries that are stored in another way are
    /// converted (projected onto this bank's basis, where it is low-rank), others are shared.
    /// </summary>
    /// <param name="other">A bank of the same dimension.</param>
    /// <returns>
    /// A new bank. Entries of the other bank whose ids are in use here get new ids. Where only one bank has sampling weights, the
    /// entries of the other have weight 1.
    /// </returns>
    /// <exception cref="ArgumentException">The dimensions differ.</exception>
    public MemoryBank Merge(MemoryBank other)
    {
        ArgumentNullException.ThrowIfNull(other);
        CheckDimension(other.Dimension, nameof(other));
        BankLayout added = _storage.Equals(other._storage) ? other._layout : other._layout.Recode(other._storage, _storage).Layout;
        (IReadOnlyList<BankSegment> renamed, long nextId) = BankIds.WithFreeIds(added, _ids.Value, Math.Max(_nextId, other._nextId));
        double[]? weights = _weights is null && other._weights is null ? null
            : [.. _weights ?? Ones(_layout.Count), .. other._weights ?? Ones(other._layout.Count)];
        return new MemoryBank(_storage, new BankLayout([.. _layout.Segments, .. renamed]), weights, nextId);
    }

    private MemoryBank Keep(IEnumerable<int> ascending)
    {
        int[] kept = [.. ascending];
        if (kept.Length == _layout.Count)
        {
            return this;
        }

        if (kept.Length == 0)
        {
            throw new InvalidOperationException("No entry would be left; a memory bank cannot be empty.");
        }

        double[]? weights = _weights is null ? null : Array.ConvertAll(kept, i => _weights[i]);
        return weights is not null && SamplingWeights.Fault(weights) is { } fault
            ? throw new InvalidOperationException($"None of the entries left could be drawn: {fault}. Set other weights first.")
            : new MemoryBank(_storage, _layout.Select(kept), weights, _nextId);
    }

    private double[]? ExtendedWeights(int added) => _weights is null ? null : [.. _weights, .. Ones(added)];

    private static IEnumerable<double> Ones(int count) => Enumerable.Repeat(1.0, count);

    private int CheckSubset(long count) => count >= 1 && count <= _layout.Count ? (int)count
        : throw new ArgumentOutOfRangeException(
            nameof(count), count, $"Between 1 and {_layout.Count} entries of this memory bank can be kept.");

    private void CheckDimension(int given, string parameter)
    {
        if (given != Dimension)
        {
            throw new ArgumentException($"The snippets have {given} components, those of this memory bank have {Dimension}.", parameter);
        }
    }

    private void CheckFree(IReadOnlyList<EntryId> ids)
    {
        EntryId[] taken = [.. ids.Where(id => _ids.Value.TryFind(id.Value, out _))];
        if (taken.Length > 0)
        {
            throw new ArgumentException($"The memory bank has entries with the ids {TextList.Of(taken)} already.", nameof(ids));
        }
    }
}
