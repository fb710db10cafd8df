namespace GMem.Evaluation;

/// <summary>Squared maximum mean discrepancy of two sets, in float64, block by block (Gretton et al., 2012, JMLR 13).</summary>
internal static class MaximumMeanDiscrepancy
{
    /// <summary>The discrepancy with the kernel (gamma x.y + coefficient)^degree.</summary>
    /// <param name="x">float <c>[N, D]</c>, N at least 2.</param>
    /// <param name="y">float <c>[M, D]</c>, M at least 2.</param>
    /// <param name="estimator">Which terms are included. Default <see cref="MmdEstimator.Unbiased"/>.</param>
    /// <param name="degree">At least 1. Default 3.</param>
    /// <param name="gamma">Above 0. Default null: 1/D.</param>
    /// <param name="coefficient">At least 0. Default 1.</param>
    /// <returns>The squared discrepancy; unbiased estimates may be negative.</returns>
    /// <exception cref="ArgumentException">The sets do not match, or contain NaN.</exception>
    public static double Polynomial(
        torch.Tensor x,
        torch.Tensor y,
        MmdEstimator estimator = MmdEstimator.Unbiased,
        int degree = 3,
        double? gamma = null,
        double coefficient = 1)
    {
        FeatureMatrix.CheckPair(x, y, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(degree, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(coefficient);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(gamma ?? 1, nameof(gamma));
        double scale = gamma ?? (1.0 / x.shape[1]);
        return Estimate(x, y, estimator, (a, b) => Power(a.matmul(b.t()).TimesInPlace(scale).PlusInPlace(coefficient), degree));
    }

    /// <summary>The discrepancy with the kernel exp(-|x - y|^2 / (2 sigma^2)).</summary>
    /// <param name="x">float <c>[N, D]</c>, N at least 2.</param>
    /// <param name="y">float <c>[M, D]</c>, M at least 2.</param>
    /// <param name="sigma">Width, above 0. Default 10, as published with CMMD (Jayasumana et al., 2024, arXiv 2401.09603).</param>
    /// <param name="estimator">Which terms are included. Default <see cref="MmdEstimator.Unbiased"/>.</param>
    /// <returns>The squared discrepancy; unbiased estimates may be negative.</returns>
    /// <exception cref="ArgumentException">The sets do not match, or contain NaN.</exception>
    public static double Gaussian(torch.Tensor x, torch.Tensor y, double sigma = 10, MmdEstimator estimator = MmdEstimator.Unbiased)
    {
        FeatureMatrix.CheckPair(x, y, 2);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sigma);
        double scale = -1 / (2 * sigma * sigma);
        return Estimate(x, y, estimator, (a, b) => PairwiseDistances.Squared(a, b).TimesInPlace(scale).exp_());
    }

    private static double Estimate(
        torch.Tensor x, torch.Tensor y, MmdEstimator estimator, Func<torch.Tensor, torch.Tensor, torch.Tensor> kernel)
    {
        double n = x.shape[0];
        double m = y.shape[0];
        if (estimator == MmdEstimator.UStatistic && n != m)
        {
            throw new ArgumentException(
                $"The U-statistic pairs row with row: it needs sets of equal size, but these have {n} and {m} rows.", nameof(y));
        }

        (double all, double diagonal) xx = Sums(x, x, kernel);
        (double all, double diagonal) yy = Sums(y, y, kernel);
        (double all, double diagonal) xy = Sums(x, y, kernel);
        double within = estimator == MmdEstimator.Biased
            ? (xx.all / (n * n)) + (yy.all / (m * m))
            : ((xx.all - xx.diagonal) / (n * (n - 1))) + ((yy.all - yy.diagonal) / (m * (m - 1)));
        double across = estimator == MmdEstimator.UStatistic ? (xy.all - xy.diagonal) / (n * (n - 1)) : xy.all / (n * m);
        return within - (2 * across);
    }

    /// <summary>Sums of a kernel matrix and of its diagonal. For a symmetric matrix each pair of blocks is computed only once.</summary>
    private static (double All, double Diagonal) Sums(torch.Tensor a, torch.Tensor b, Func<torch.Tensor, torch.Tensor, torch.Tensor> kernel)
    {
        bool symmetric = ReferenceEquals(a, b);
        double all = 0;
        double diagonal = 0;
        for (int i = 0; i < FeatureMatrix.BlockCount(a); i++)
        {
            using DisposeScope outer = torch.NewDisposeScope();
            torch.Tensor rows = FeatureMatrix.Block(a, i);
            for (int j = symmetric ? i : 0; j < FeatureMatrix.BlockCount(b); j++)
            {
                using DisposeScope inner = torch.NewDisposeScope();
                torch.Tensor block = kernel(rows, symmetric && i == j ? rows : FeatureMatrix.Block(b, j));
                all += block.sum().item<double>() * (symmetric && i != j ? 2 : 1);
                diagonal += i == j ? block.diagonal().sum().item<double>() : 0;
            }
        }

        return (all, diagonal);
    }

    /// <summary>Integer power by repeated multiplication, several times faster than pow and equally accurate.</summary>
    private static torch.Tensor Power(torch.Tensor value, int degree)
    {
        torch.Tensor result = value.clone();
        for (int i = 1; i < degree; i++)
        {
            result.mul_(value);
        }

        return result;
    }
}
