using GMem.Images;

namespace GMem.Evaluation;

/// <summary>Settings of an evaluation.</summary>
public sealed class EvaluationOptions
{
    /// <summary>Values of k for precision, recall, density and coverage, each at least 1. Default 3 and 5.</summary>
    public IReadOnlyList<int> Neighbours { get; set; } = [3, 5];

    /// <summary>Number of subsets for the kernel distance, at least 1. Default 100.</summary>
    public int KernelSubsets { get; set; } = 100;

    /// <summary>
    /// Number of images per subset for the kernel distance, at least 2. Default null: 1,000, or half the smaller set if that is less. The
    /// result records the size used.
    /// </summary>
    public int? KernelSubsetSize { get; set; }

    /// <summary>
    /// Number of splits for the Inception score, at least 1. With fewer images than this, each image is its own split. The result records
    /// the number used. Default 10.
    /// </summary>
    public int InceptionSplits { get; set; } = 10;

    /// <summary>
    /// The evaluation warns if either set has fewer images than this. Default 10,000, the minimum recommended for the FID (Heusel et al.,
    /// 2017).
    /// </summary>
    public long RecommendedSampleCount { get; set; } = 10_000;

    /// <summary>
    /// Channels in which images that are read for an evaluation are compared: 3 (RGB), or 1, which makes those that have colours grey, for
    /// models of grey images. Default 3.
    /// </summary>
    public int ImageChannels { get; set; } = ImageShape.Rgb;

    /// <summary>Seed for choosing subsets and splits. Default 0.</summary>
    public long Seed { get; set; }

    /// <summary>Checks the settings.</summary>
    /// <exception cref="ArgumentException">At least one setting is out of range; the message names them all.</exception>
    public void Validate()
    {
        List<string> faults = [];
        if (Neighbours is null || Neighbours.Count == 0 || Neighbours.Any(k => k < 1))
        {
            faults.Add($"Neighbours is [{string.Join(", ", Neighbours ?? [])}] but must hold values of at least 1");
        }

        if (KernelSubsets < 1)
        {
            faults.Add($"KernelSubsets is {KernelSubsets} but must be at least 1");
        }

        if (KernelSubsetSize is < 2)
        {
            faults.Add($"KernelSubsetSize is {KernelSubsetSize} but must be at least 2, or null");
        }

        if (InceptionSplits < 1)
        {
            faults.Add($"InceptionSplits is {InceptionSplits} but must be at least 1");
        }

        if (ImageChannels is not (ImageShape.Grey or ImageShape.Rgb))
        {
            faults.Add($"ImageChannels is {ImageChannels} but must be 1 (grey) or 3 (RGB)");
        }

        if (RecommendedSampleCount < 0)
        {
            faults.Add($"RecommendedSampleCount is {RecommendedSampleCount} but must be at least 0");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"EvaluationOptions: {string.Join("; ", faults)}.");
        }
    }
}
