using GMem.Images;

namespace GMem.Evaluation;

/// <summary>How many generated images are near-copies of a training image; see <see cref="CopyCheck"/>.</summary>
public sealed class CopyCheckResult
{
    internal CopyCheckResult(IReadOnlyList<CopyPair> pairs, long trainingCount, int neighbours, bool byMemoryIndex)
    {
        Pairs = pairs;
        TrainingCount = trainingCount;
        Neighbours = neighbours;
        ByMemoryIndex = byMemoryIndex;
        CopyCount = pairs.Count(p => p.IsCopy);
    }

    /// <summary>Share of the generated images that count as copies, 0 to 1.</summary>
    public double Share => CopyCount / (double)GeneratedCount;

    /// <summary>Number of generated images that count as copies.</summary>
    public long CopyCount { get; }

    /// <summary>Number of generated images.</summary>
    public long GeneratedCount => Pairs.Count;

    /// <summary>Number of training images.</summary>
    public long TrainingCount { get; }

    /// <summary>k: a copy is closer to its training image than that image's k-th nearest neighbour is.</summary>
    public int Neighbours { get; }

    /// <summary>
    /// True if each image was compared with the training image whose snippet it was generated from; false if with the nearest one.
    /// </summary>
    public bool ByMemoryIndex { get; }

    /// <summary>One pair for each generated image, the smallest <see cref="CopyPair.Ratio"/> first.</summary>
    public IReadOnlyList<CopyPair> Pairs { get; }

    /// <summary>
    /// The images of the closest pairs, alternately generated and training. <see cref="ImageGrid"/> with an even number of columns shows
    /// them side by side.
    /// </summary>
    /// <param name="generatedImages">uint8 <c>[M, C, H, W]</c>, in the order of the features.</param>
    /// <param name="trainingImages">uint8 <c>[N, C, H, W]</c>, in the order of the features.</param>
    /// <param name="count">Maximum number of pairs, at least 1. Default 32.</param>
    /// <returns>uint8 <c>[2 * count, C, H, W]</c> on the CPU.</returns>
    /// <exception cref="ArgumentException">The number of images differs from the number of features, or image sizes differ.</exception>
    internal torch.Tensor PairImages(torch.Tensor generatedImages, torch.Tensor trainingImages, int count = 32)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        CheckImages(generatedImages, GeneratedCount, nameof(generatedImages));
        CheckImages(trainingImages, TrainingCount, nameof(trainingImages));
        if (!generatedImages.shape.AsSpan(1).SequenceEqual(trainingImages.shape.AsSpan(1)))
        {
            throw new ArgumentException(
                $"All images in a grid must have the same size; these are {ImageTensors.Shape(generatedImages)} and "
                + $"{ImageTensors.Shape(trainingImages)}.", nameof(trainingImages));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor> tiles = [];
        foreach (CopyPair pair in Pairs.Take(count))
        {
            tiles.Add(generatedImages.select(0, pair.GeneratedIndex).cpu());
            tiles.Add(trainingImages.select(0, pair.TrainingIndex).cpu());
        }

        return torch.stack(tiles).MoveToOuterDisposeScope();
    }

    /// <summary>One line: the share, the count, and what was compared.</summary>
    /// <returns>The line.</returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Share:p1} ({CopyCount:N0} of {GeneratedCount:N0}) nearer to {(ByMemoryIndex ? "their own" : "the nearest")} training image "
            + $"than its neighbour {Neighbours} among {TrainingCount:N0}");

    private static void CheckImages(torch.Tensor images, long count, string parameter)
    {
        ImageTensors.CheckBatch(images, parameter);
        if (images.shape[0] != count)
        {
            throw new ArgumentException($"The copy check was of {count} images; these are {images.shape[0]}.", parameter);
        }
    }
}
