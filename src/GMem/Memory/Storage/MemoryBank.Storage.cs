namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>How the snippets are stored.</summary>
    public SnippetStorage Storage => _storage;

    /// <summary>The number of dimensions of low-rank storage, <c>d</c>; null for other kinds.</summary>
    public int? Rank => (_storage as LowRankStorage)?.Rank;

    /// <summary>Stores the same entries in another way. What the present storage has lost stays lost.</summary>
    /// <param name="storage">
    /// For instance <see cref="SnippetStorage.Float16"/>, or the <see cref="Storage"/> of another bank; <see cref="ToLowRank"/>
    /// fits a low-rank one to this bank.
    /// </param>
    /// <returns>A new bank in memory, or this one where it is stored in that way already.</returns>
    /// <exception cref="ArgumentException">
    /// The storage does not fit the snippets' dimension, or keeps nothing of some entries (named by id).
    /// </exception>
    public MemoryBank ToStorage(SnippetStorage storage)
    {
        ArgumentNullException.ThrowIfNull(storage);
        if (_storage.Equals(storage))
        {
            return this;
        }

        GMemRuntime.EnsureLoaded();
        return new MemoryBank(storage, _layout.Recode(_storage, storage).Layout, _weights, _nextId);
    }

    /// <summary>
    /// Stores the same entries as a mean, an orthonormal basis and <c>d</c> coefficients each: <c>4 n d</c> bytes and a little.
    /// The basis is the first <c>d</c> principal directions of the snippets. The bank is read twice and never held; the
    /// covariance <c>[m, m]</c> is summed in double.
    /// </summary>
    /// <param name="rank"><c>d</c>, from 1 to <see cref="Dimension"/>. GMem's own low-rank banks keep this form of the snippets.</param>
    /// <param name="cancellationToken">Cancels the operation with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The new bank, in memory, with the variance it captures and the mean cosine to the originals.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The rank is out of range.</exception>
    /// <exception cref="ArgumentException">The rank is so low that nothing is left of some entries (named by id).</exception>
    public LowRankCompression ToLowRank(int rank, CancellationToken cancellationToken = default)
    {
        if (rank < 1 || rank > Dimension)
        {
            throw new ArgumentOutOfRangeException(
                nameof(rank), rank, $"The rank must be from 1 to the dimension of the snippets, {Dimension}.");
        }

        GMemRuntime.EnsureLoaded();
        torch.Tensor ReadRows(int start, int count) => _storage.Decode(_layout.Vectors(start, count));
        (LowRankStorage storage, double captured) = LowRankStorage.Fit(ReadRows, _layout.Count, Dimension, rank, cancellationToken);
        (BankLayout layout, double cosines) = _layout.Recode(_storage, storage, cancellationToken);
        return new LowRankCompression(new MemoryBank(storage, layout, _weights, _nextId), captured, cosines / _layout.Count);
    }
}
