using TorchSharp;

namespace GMem.Memory;

/// <summary>Between unit rows <c>[k, m]</c> and the vectors a bank stores for them.</summary>
internal sealed class SnippetCodec
{
    private readonly int _dimension;

    private SnippetCodec(SnippetStorage storage, int dimension, LowRankBasis? basis)
    {
        Storage = storage;
        _dimension = dimension;
        Basis = basis;
    }

    public SnippetStorage Storage { get; }

    public LowRankBasis? Basis { get; }

    public int Dimension => _dimension;

    /// <summary>Entries of a stored vector.</summary>
    public int Width => Basis?.Rank ?? _dimension;

    public torch.ScalarType Type => Storage == SnippetStorage.Float16 ? torch.ScalarType.Float16 : torch.ScalarType.Float32;

    public static SnippetCodec Dense(SnippetStorage storage, int dimension) => storage switch
    {
        SnippetStorage.Float32 or SnippetStorage.Float16 => new(storage, dimension, null),
        SnippetStorage.LowRank => throw new ArgumentException("Low-rank storage is made from a whole bank: build a dense one, then call ToLowRank.", nameof(storage)),
        _ => throw new ArgumentOutOfRangeException(nameof(storage), storage, "Not a kind of storage."),
    };

    public static SnippetCodec LowRank(LowRankBasis basis) => new(SnippetStorage.LowRank, basis.Dimension, basis);

    /// <summary>Unit rows to 32-bit vectors (16-bit storage rounds them afterwards).</summary>
    public torch.Tensor Encode(torch.Tensor unitRows) => Basis is null ? unitRows.alias() : Basis.Project(unitRows);

    /// <summary>Stored vectors, widened to 32 bits, to rows of unit length.</summary>
    public torch.Tensor Decode(torch.Tensor vectors)
    {
        // 32-bit rows are unit already; normalising them again could only move them by a rounding.
        if (Storage == SnippetStorage.Float32)
        {
            return vectors.alias();
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor raw = Basis is null ? vectors : Basis.Reconstruct(vectors);
        return SnippetAlgebra.Normalize(raw).MoveToOuterDisposeScope();
    }

    public bool SameAs(SnippetCodec other) => Storage == other.Storage && _dimension == other._dimension
        && (Basis is null ? other.Basis is null : Basis.SameAs(other.Basis));
}
