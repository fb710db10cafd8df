namespace GMem.Evaluation;

/// <summary>Which terms of the kernel matrices the squared maximum mean discrepancy includes (Gretton et al., 2012).</summary>
internal enum MmdEstimator
{
    /// <summary>All of Kxy, but not the diagonals of Kxx and Kyy: unbiased. The kernel distance uses this one.</summary>
    Unbiased,

    /// <summary>All entries: never negative, but too large by about 1/m.</summary>
    Biased,

    /// <summary>No diagonals, not even that of Kxy: the U-statistic, for sets of equal size.</summary>
    UStatistic,
}
