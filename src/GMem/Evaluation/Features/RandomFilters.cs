namespace GMem.Evaluation;

/// <summary>
/// Random filters, drawn from an integer hash using only additions, products and square roots, so that they are the same on every machine.
/// </summary>
internal static class RandomFilters
{
    /// <summary>
    /// Variance added to every pixel, equal to that of the pixels themselves. Full whitening would amplify invisible noise above everything
    /// that distinguishes images.
    /// </summary>
    private const double Regularisation = 1;

    /// <summary>Correlation between the colour channels of a pixel, about that of photographs.</summary>
    private const double ColourCorrelation = 0.9;

    /// <summary>Orthonormal rows.</summary>
    /// <param name="count">Number of rows, at most <paramref name="length"/>.</param>
    /// <param name="length">Length of a row.</param>
    /// <param name="stream">Selects the filters; each number gives different ones.</param>
    /// <param name="balanced">Whether the entries of each row sum to 0, so that it ignores a constant.</param>
    /// <returns>float64 <c>[count, length]</c>.</returns>
    public static torch.Tensor Orthonormal(int count, int length, int stream, bool balanced = false)
    {
        double[][] rows = new double[count][];
        for (int i = 0; i < count; i++)
        {
            double[] row = [.. Enumerable.Range(0, length).Select(j => Uniform(stream, ((long)i * length) + j))];
            double mean = balanced ? row.Average() : 0;
            row = [.. row.Select(v => v - mean)];
            for (int j = 0; j < i; j++)
            {
                double along = row.Zip(rows[j], (a, b) => a * b).Sum();
                row = [.. row.Zip(rows[j], (a, b) => a - (along * b))];
            }

            double norm = Math.Sqrt(row.Sum(v => v * v));
            rows[i] = [.. row.Select(v => v / norm)];
        }

        return torch.tensor([.. rows.SelectMany(r => r)], dtype: torch.float64).reshape(count, length);
    }

    /// <summary>
    /// Orthonormal filters for colour patches, after damped whitening with the covariance of patches of photographs.
    /// </summary>
    /// <param name="count">Number of filters.</param>
    /// <param name="side">Side of the patch in pixels.</param>
    /// <param name="neighbourCorrelation">Correlation of neighbouring pixels; falls exponentially with the distance.</param>
    /// <param name="stream">Selects the filters.</param>
    /// <returns>float32 <c>[count, 3, side, side]</c>.</returns>
    public static torch.Tensor Whitened(int count, int side, double neighbourCorrelation, int stream)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        int length = 3 * side * side;
        double[] covariance = new double[length * length];
        for (int a = 0; a < length; a++)
        {
            for (int b = 0; b < length; b++)
            {
                (int dy, int dx) = ((a / side % side) - (b / side % side), (a % side) - (b % side));
                double colour = a / (side * side) == b / (side * side) ? 1 : ColourCorrelation;
                covariance[(a * length) + b] =
                    (colour * Math.Pow(neighbourCorrelation, Math.Sqrt((dy * dy) + (dx * dx)))) + (a == b ? Regularisation : 0);
            }
        }

        torch.Tensor factor = torch.linalg.cholesky(torch.tensor(covariance, dtype: torch.float64).reshape(length, length));

        // Rows Q L^-1: with C = L L^T, their responses to patches of covariance C are uncorrelated with variance 1.
        torch.Tensor filters = torch.linalg.solve(factor.t(), Orthonormal(count, length, stream).t()).t();
        return filters.reshape(count, 3, side, side).to(torch.float32).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>A number between -1 and 1.</summary>
    public static double Uniform(int stream, long index) =>
        (RandomStream.Derive(stream, RandomPurpose.Evaluation, index) / (double)(1UL << 62)) - 1;
}
