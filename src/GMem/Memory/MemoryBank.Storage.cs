using GMem.Runtime;
using TorchSharp;

namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>The same entries with every row stored in full. From low-rank storage these are the approximations: what was lost stays lost.</summary>
    /// <param name="storage"><see cref="SnippetStorage.Float32"/> or <see cref="SnippetStorage.Float16"/>.</param>
    /// <returns>A new bank in memory, or this one where it is stored so already.</returns>
    /// <exception cref="ArgumentException">The storage is <see cref="SnippetStorage.LowRank"/>: that is made by <see cref="ToLowRank"/>.</exception>
    public MemoryBank ToDense(SnippetStorage storage)
    {
        SnippetCodec codec = SnippetCodec.Dense(storage, Dimension);
        if (_codec.SameAs(codec))
        {
            return this;
        }

        GMemRuntime.EnsureLoaded();
        return new MemoryBank(codec, _layout.Recode(_codec, codec).Layout, _weights, _nextId);
    }

    /// <summary>
    /// The same entries as a mean, an orthonormal basis and <c>d</c> coefficients each: the first <c>d</c> principal directions of the snippets. The
    /// bank is read twice and never held; the covariance <c>[m, m]</c> is summed in double.
    /// </summary>
    /// <param name="rank"><c>d</c>, from 1 to <see cref="Dimension"/>. GMem's own low-rank banks keep this form of the snippets.</param>
    /// <param name="cancellationToken">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The new bank, in memory, with the variance it captures and the mean cosine to the originals.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The rank is out of range.</exception>
    /// <exception cref="ArgumentException">The rank is so low that nothing is left of some entries (named by id).</exception>
    public LowRankCompression ToLowRank(int rank, CancellationToken cancellationToken = default)
    {
        if (rank < 1 || rank > Dimension)
        {
            throw new ArgumentOutOfRangeException(nameof(rank), rank, $"The rank must be from 1 to the dimension of the snippets, {Dimension}.");
        }

        GMemRuntime.EnsureLoaded();
        torch.Tensor ReadRows(int start, int count) => _codec.Decode(_layout.Vectors(start, count));
        (LowRankBasis basis, double captured) = LowRankFactors.Fit(ReadRows, _layout.Count, Dimension, rank, cancellationToken);
        SnippetCodec codec = SnippetCodec.LowRank(basis);
        (BankLayout layout, double cosines) = _layout.Recode(_codec, codec, cancellationToken);
        return new LowRankCompression(new MemoryBank(codec, layout, _weights, _nextId), captured, cosines / _layout.Count);
    }
}
