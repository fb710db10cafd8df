using GMem.Runtime;
using TorchSharp;

namespace GMem.Memory;

/// <summary>
/// A mean <c>[m]</c> and an orthonormal basis <c>B</c> <c>[m, d]</c>: <c>row = mean + B c</c>, and the coefficients <c>c</c> of a row are its
/// projection <c>B^T (row - mean)</c>. In managed arrays, so that a bank that has one needs no disposal.
/// </summary>
/// <remarks>
/// With the coordinates <c>B^T mean</c> of the mean and what of it lies outside the basis, <c>rest</c>, a row is <c>B (c + B^T mean) + rest</c>, two parts
/// at right angles: lengths and products can be had from coordinates alone, without a difference of nearly equal numbers.
/// </remarks>
internal sealed class LowRankBasis
{
    /// <summary>
    /// Rows are made of coefficients in products of this many, so that the bits of a row do not depend on how many come with it: kernels for
    /// other sizes add in other orders.
    /// </summary>
    private const int Block = 64;

    /// <param name="mean">The mean of the rows from which it was made.</param>
    /// <param name="basis">Row-major <c>[m, d]</c>, orthonormal columns.</param>
    /// <param name="singularValues">Of the centred rows, the largest <c>d</c>, falling.</param>
    public LowRankBasis(float[] mean, float[] basis, float[] singularValues)
    {
        Mean = mean;
        Basis = basis;
        SingularValues = singularValues;
        (MeanCoordinates, Rest) = Split(mean, basis, singularValues.Length);
        RestSquare = (float)Rest.Sum(r => (double)r * r);
    }

    public float[] Mean { get; }

    public float[] Basis { get; }

    public float[] SingularValues { get; }

    public int Dimension => Mean.Length;

    public int Rank => SingularValues.Length;

    /// <summary><c>B^T mean</c>, <c>[d]</c>.</summary>
    public float[] MeanCoordinates { get; }

    /// <summary><c>mean - B B^T mean</c>, <c>[m]</c>.</summary>
    public float[] Rest { get; }

    /// <summary>The square of the length of <see cref="Rest"/>.</summary>
    public float RestSquare { get; }

    /// <summary>Raw rows <c>[k, m]</c> to coefficients <c>[k, d]</c>.</summary>
    public torch.Tensor Project(torch.Tensor rows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return rows.matmul(Matrix()).sub_(torch.tensor(MeanCoordinates)).MoveToOuterDisposeScope();
    }

    /// <summary>Coefficients <c>[k, d]</c> to raw rows <c>[k, m]</c>, not normalised.</summary>
    public torch.Tensor Reconstruct(torch.Tensor coefficients)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor across = Matrix().t().contiguous();
        torch.Tensor mean = torch.tensor(Mean);
        long count = coefficients.shape[0];
        torch.Tensor rows = torch.empty([count, Dimension]);
        for (long start = 0; start < count; start += Block)
        {
            using DisposeScope inner = torch.NewDisposeScope();
            long length = Math.Min(Block, count - start);
            torch.Tensor block = coefficients.narrow(0, start, length);
            if (length < Block)
            {
                block = torch.cat([block, torch.zeros([Block - length, Rank])]);
            }

            rows.narrow(0, start, length).copy_(block.matmul(across).narrow(0, 0, length));
        }

        return rows.PlusInPlace(mean).MoveToOuterDisposeScope();
    }

    public torch.Tensor Matrix() => torch.tensor(Basis, [Dimension, Rank]);

    public bool SameAs(LowRankBasis? other) => ReferenceEquals(this, other)
        || (other is not null && Mean.AsSpan().SequenceEqual(other.Mean) && Basis.AsSpan().SequenceEqual(other.Basis)
            && SingularValues.AsSpan().SequenceEqual(other.SingularValues));

    private static (float[] Coordinates, float[] Outside) Split(float[] mean, float[] basis, int rank)
    {
        double[] coordinates = new double[rank];
        for (int i = 0; i < mean.Length; i++)
        {
            for (int j = 0; j < rank; j++)
            {
                coordinates[j] += (double)mean[i] * basis[(i * rank) + j];
            }
        }

        float[] rest = new float[mean.Length];
        for (int i = 0; i < mean.Length; i++)
        {
            double inside = 0;
            for (int j = 0; j < rank; j++)
            {
                inside += coordinates[j] * basis[(i * rank) + j];
            }

            rest[i] = (float)(mean[i] - inside);
        }

        return (Array.ConvertAll(coordinates, c => (float)c), rest);
    }
}
