namespace GMem.Evaluation;

/// <summary>The kernel distance (squared), averaged over subsets.</summary>
/// <param name="Mean">Mean over the subsets; unbiased, so about 0 for equal distributions and at times below.</param>
/// <param name="StandardDeviation">
/// Population standard deviation over the subsets: how much one subset strays, not how exact the mean is.
/// </param>
/// <param name="StandardError">
/// How exact the mean is, counting that subsets share images (see <see cref="KernelDistance"/>); NaN where a subset is a whole set.
/// </param>
/// <param name="SubsetSize">Images of each set in a subset.</param>
/// <param name="Subsets">The distance of each subset.</param>
public sealed record KernelDistanceResult(
    double Mean, double StandardDeviation, double StandardError, int SubsetSize, IReadOnlyList<double> Subsets);
