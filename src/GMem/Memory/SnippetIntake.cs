using GMem.Runtime;
using TorchSharp;

namespace GMem.Memory;

/// <summary>Stores unit rows page by page as a codec says, refuses those of which low-rank storage would keep nothing, and keeps count of how much it keeps.</summary>
/// <param name="codec">How to store.</param>
/// <param name="count">How many rows there will be.</param>
/// <param name="id">The id of a row, for messages.</param>
internal sealed class SnippetIntake(SnippetCodec codec, int count, Func<int, long> id)
{
    /// <summary>A unit row of which so little is left has lost its direction to rounding.</summary>
    public const double Vanished = 1e-6;

    private readonly StoredVectorsBuilder _vectors = new(count, codec.Width, codec.Type);
    private readonly List<long> _vanished = [];
    private int _at;

    /// <summary>Sum over the rows of the cosine between a row and what low-rank storage makes of it.</summary>
    public double CosineSum { get; private set; }

    public void Append(torch.Tensor unitRows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor vectors = codec.Encode(unitRows);
        if (codec.Basis is { } basis)
        {
            Compare(basis, unitRows, vectors);
        }

        _vectors.Append(vectors);
        _at += (int)unitRows.shape[0];
    }

    /// <exception cref="ArgumentException">Nothing was left of some rows; the message names them.</exception>
    public StoredVectors Build() => _vanished.Count == 0 ? _vectors.Build()
        : throw new ArgumentException($"Low-rank storage of rank {codec.Width} keeps nothing of the snippets with the ids {TextList.Of(_vanished)}. Take a higher rank, or leave them out.");

    /// <summary>
    /// With <c>v</c> the coordinates of a row in the basis, low-rank storage makes <c>B v + rest</c> of it: the square of that length is
    /// <c>v v + rest rest</c>, its product with the row <c>v v + row rest</c>.
    /// </summary>
    private void Compare(LowRankBasis basis, torch.Tensor rows, torch.Tensor coefficients)
    {
        torch.Tensor inside = coefficients.Plus(torch.tensor(basis.MeanCoordinates)).Squared().sum(1);
        torch.Tensor length = inside.clone().PlusInPlace(basis.RestSquare).sqrt_();
        torch.Tensor product = rows.mv(torch.tensor(basis.Rest)).PlusInPlace(inside);
        _vanished.AddRange(length.IsBelow(Vanished).nonzero().data<long>().Select(i => id(_at + (int)i)));
        CosineSum += (product / length.AtLeastInPlace(Vanished)).sum(type: torch.float64).item<double>();
    }
}
