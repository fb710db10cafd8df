using TorchSharp;

namespace GMem.Memory;

/// <summary>
/// A mean <c>[m]</c> and an orthonormal basis <c>[m, d]</c>: <c>row = mean + basis coefficient</c>, and the coefficient of a row is its
/// projection <c>basis^T (row - mean)</c>. In managed arrays, so that a bank that has one needs no disposal.
/// </summary>
/// <param name="Mean">The mean of the rows from which it was made.</param>
/// <param name="Basis">Row-major <c>[m, d]</c>.</param>
/// <param name="SingularValues">Of the centred rows, the largest <c>d</c>, falling.</param>
internal sealed record LowRankBasis(float[] Mean, float[] Basis, float[] SingularValues)
{
    public int Dimension => Mean.Length;

    public int Rank => SingularValues.Length;

    /// <summary>Raw rows <c>[k, m]</c> to coefficients <c>[k, d]</c>.</summary>
    public torch.Tensor Project(torch.Tensor rows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return (rows - torch.tensor(Mean)).matmul(Matrix()).MoveToOuterDisposeScope();
    }

    /// <summary>Coefficients <c>[k, d]</c> to raw rows <c>[k, m]</c>, not normalised.</summary>
    public torch.Tensor Reconstruct(torch.Tensor coefficients)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return (coefficients.matmul(Matrix().t()) + torch.tensor(Mean)).MoveToOuterDisposeScope();
    }

    public torch.Tensor Matrix() => torch.tensor(Basis, [Dimension, Rank]);

    public bool SameAs(LowRankBasis? other) => ReferenceEquals(this, other)
        || (other is not null && Mean.AsSpan().SequenceEqual(other.Mean) && Basis.AsSpan().SequenceEqual(other.Basis));
}
