namespace GMem.Evaluation;

/// <summary>The kernel distance (squared), averaged over subsets.</summary>
/// <param name="Mean">Mean over the subsets. It is unbiased, so for equal distributions it is about 0 and sometimes negative.</param>
/// <param name="StandardDeviation">
/// Population standard deviation over the subsets: the spread of single subsets, not the accuracy of the mean.
/// </param>
/// <param name="StandardError">
/// Standard error of the mean, allowing for subsets that share images (see <see cref="KernelDistance"/>); NaN if a subset is a whole set.
/// </param>
/// <param name="SubsetSize">Images per subset from each set.</param>
/// <param name="Subsets">The distance of each subset.</param>
public sealed record KernelDistanceResult(
    double Mean, double StandardDeviation, double StandardError, int SubsetSize, IReadOnlyList<double> Subsets);
