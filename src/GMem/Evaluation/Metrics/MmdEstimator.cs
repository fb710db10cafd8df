namespace GMem.Evaluation;

/// <summary>Which terms of the kernel matrices enter the squared maximum mean discrepancy (Gretton et al., 2012).</summary>
internal enum MmdEstimator
{
    /// <summary>Without the diagonals of Kxx and Kyy, with all of Kxy: unbiased; the kernel distance's.</summary>
    Unbiased,

    /// <summary>With every entry: never negative, too large by some 1/m.</summary>
    Biased,

    /// <summary>Without the diagonal of Kxy too: the U-statistic, for sets of equal size.</summary>
    UStatistic,
}
