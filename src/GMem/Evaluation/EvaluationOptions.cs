namespace GMem.Evaluation;

/// <summary>Settings of an evaluation.</summary>
public sealed class EvaluationOptions
{
    /// <summary>Values of k for precision, recall, density and coverage, each at least 1. Default 3 and 5.</summary>
    public IReadOnlyList<int> Neighbours { get; set; } = [3, 5];

    /// <summary>Subsets of the kernel distance, at least 1. Default 100.</summary>
    public int KernelSubsets { get; set; } = 100;

    /// <summary>
    /// Images in a subset of the kernel distance, at least 2. Default null: 1,000, or half the smaller set where that is less; the result
    /// states it.
    /// </summary>
    public int? KernelSubsetSize { get; set; }

    /// <summary>
    /// Splits of the Inception score, at least 1; with fewer images than this, one split an image, and the result states how many. Default
    /// 10.
    /// </summary>
    public int InceptionSplits { get; set; } = 10;

    /// <summary>
    /// Fewer images than this on either side give a warning. Default 10,000, the least that is recommended for the FID (Heusel et al.,
    /// 2017).
    /// </summary>
    public long RecommendedSampleCount { get; set; } = 10_000;

    /// <summary>Seed of subsets and splits. Default 0.</summary>
    public long Seed { get; set; }

    /// <summary>Checks the settings.</summary>
    /// <exception cref="ArgumentException">Some are out of range; the message names them all.</exception>
    public void Validate()
    {
        List<string> faults = [];
        if (Neighbours is null || Neighbours.Count == 0 || Neighbours.Any(k => k < 1))
        {
            faults.Add($"Neighbours is [{string.Join(", ", Neighbours ?? [])}], values of at least 1 are needed");
        }

        if (KernelSubsets < 1)
        {
            faults.Add($"KernelSubsets is {KernelSubsets}, at least 1 is needed");
        }

        if (KernelSubsetSize is < 2)
        {
            faults.Add($"KernelSubsetSize is {KernelSubsetSize}, at least 2 or null is needed");
        }

        if (InceptionSplits < 1)
        {
            faults.Add($"InceptionSplits is {InceptionSplits}, at least 1 is needed");
        }

        if (RecommendedSampleCount < 0)
        {
            faults.Add($"RecommendedSampleCount is {RecommendedSampleCount}, at least 0 is needed");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"EvaluationOptions: {string.Join("; ", faults)}.");
        }
    }
}
