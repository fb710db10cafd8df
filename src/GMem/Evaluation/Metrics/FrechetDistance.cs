namespace GMem.Evaluation;

/// <summary>
/// Frechet distance between two Gaussians, |m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1 S2)^1/2) (Dowson and Landau 1982; Heusel et al. 2017,
/// arXiv 1706.08500). With the Inception features it is the FID, with their spatial features the sFID; with others it is neither.
/// </summary>
/// <remarks>
/// (S1 S2)^1/2 has the same trace as the symmetric root (S1^1/2 S2 S1^1/2)^1/2, whose eigenvalues are the singular values of S2^1/2
/// S1^1/2. The roots come from symmetric eigendecompositions in float64, and the trace is the sum of those singular values. This avoids
/// complex numbers, iterations that may diverge, and square roots of eigenvalues that are rounding noise. It therefore also works for sets
/// with fewer images than features.
/// </remarks>
internal static class FrechetDistance
{
    /// <summary>Distance from 1 to the next float64.</summary>
    private const double MachineEpsilon = 2.220446049250313e-16;

    /// <summary>The distance between two sets of images given by their statistics.</summary>
    /// <param name="first">Mean and covariance of one set.</param>
    /// <param name="second">Mean and covariance of the other, of the same features.</param>
    /// <returns>The squared distance, as is customary; at least 0.</returns>
    /// <exception cref="ArgumentException">The statistics are of different features.</exception>
    public static double Compute(FeatureStatistics first, FeatureStatistics second)
    {
        using UseScope firstUse = first.Use();
        using UseScope secondUse = second.Use();
        first.CheckComparable(second, nameof(second));
        using DisposeScope scope = torch.NewDisposeScope();
        double means = first.Mean.sub(second.Mean).Squared().sum().item<double>();
        double traces = first.Covariance.trace().item<double>() + second.Covariance.trace().item<double>();
        double cross = torch.linalg.svdvals(Root(first.Covariance).t().matmul(Root(second.Covariance))).sum().item<double>();

        // The exact value is never negative; a result below 0 is rounding, about 1e-14.
        return Math.Max(0, means + traces - (2 * cross));
    }

    /// <summary>The distance between two feature matrices.</summary>
    /// <param name="real">float <c>[N, D]</c>, N at least 2.</param>
    /// <param name="generated">float <c>[M, D]</c>, M at least 2.</param>
    /// <returns>The squared distance, at least 0.</returns>
    /// <exception cref="ArgumentException">The sets do not match, have too few rows, or contain NaN.</exception>
    public static double Compute(torch.Tensor real, torch.Tensor generated)
    {
        FeatureMatrix.CheckPair(real, generated, 2);
        using FeatureStatistics first = FeatureStatistics.Compute(real);
        using FeatureStatistics second = FeatureStatistics.Compute(generated);
        return Compute(first, second);
    }

    /// <returns>A of shape <c>[D, r]</c> with A A^T = S, r the numerical rank of S.</returns>
    private static torch.Tensor Root(torch.Tensor covariance)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(covariance);

        // Eigenvalues are in ascending order. The exact ones are at least 0; those below LAPACK's error bound are rounding noise.
        double bound = Math.Max(0, values[-1].item<double>()) * values.shape[0] * MachineEpsilon;
        long zeros = values.data<double>().Count(v => v <= bound);
        long rank = values.shape[0] - zeros;
        return vectors.narrow(1, zeros, rank).mul(values.narrow(0, zeros, rank).sqrt()).MoveToOuterDisposeScope();
    }
}
