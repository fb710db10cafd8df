namespace GMem.Evaluation;

/// <summary>
/// Checks whether a model merely copies its training images. A memory model generates image g from the snippet of a training image x, so
/// the two are compared. g counts as a copy if |f(g) - f(x)| &lt; r(x), where r(x) is the distance from x to its k-th nearest neighbour
/// among the other training images, or if f(g) = f(x) exactly. In other words, g is closer to x than nearby real images are.
/// </summary>
/// <remarks>
/// If the memory index is unknown (a model without memory, held-out snippets), x is the training image nearest to g. The share also depends
/// on the features: real images that the model never saw give a share above 0 too. Use that share as the baseline.
/// </remarks>
public static class CopyCheck
{
    /// <summary>Compares each generated image with a training image.</summary>
    /// <param name="training">Features of the training images, float <c>[N, D]</c>, N above <paramref name="neighbours"/>.</param>
    /// <param name="generated">Features of the generated images, float <c>[M, D]</c>.</param>
    /// <param name="memoryIndices">
    /// For each generated image, the row of the training image whose snippet it was generated from; null to compare with the nearest.
    /// </param>
    /// <param name="neighbours">k, at least 1. Default 1, the strictest definition of a copy.</param>
    /// <returns>The share and the pairs.</returns>
    /// <exception cref="ArgumentException">
    /// The sets do not match, have too few rows, or contain NaN; or the indices do not match the sets.
    /// </exception>
    public static CopyCheckResult Compute(
        torch.Tensor training, torch.Tensor generated, IReadOnlyList<long>? memoryIndices = null, int neighbours = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(neighbours, 1);
        FeatureMatrix.Check(training, nameof(training), neighbours + 1);
        FeatureMatrix.CheckPair(training, generated);
        long[] own = memoryIndices is null
            ? Nearest(training, generated)
            : CheckIndices(memoryIndices, training.shape[0], generated.shape[0]);
        using DisposeScope scope = torch.NewDisposeScope();
        double[] distances = PairwiseDistances.SquaredRowwise(generated, Select(training, own)).cpu().data<double>().ToArray();

        // Several generated images may share a training image, so its neighbours are searched only once.
        long[] used = [.. own.Distinct().Order()];
        Dictionary<long, int> place = used.Select((row, i) => (row, i)).ToDictionary(p => p.row, p => p.i);
        double[] radii = SquaredRadii(training, used, neighbours);
        CopyPair[] pairs = [.. own.Select((row, i) => new CopyPair(i, row, Math.Sqrt(distances[i]), Math.Sqrt(radii[place[row]])))];
        return new CopyCheckResult(
            [.. pairs.OrderBy(p => p.Ratio).ThenBy(p => p.GeneratedIndex)], training.shape[0], neighbours, memoryIndices is not null);
    }

    private static long[] Nearest(torch.Tensor training, torch.Tensor generated)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return NearestNeighbours.Indices(generated, training, 1).select(1, 0).cpu().contiguous().data<long>().ToArray();
    }

    /// <summary>Squared radii, recomputed from the rows found so that duplicate training images are exactly 0 apart.</summary>
    private static double[] SquaredRadii(torch.Tensor training, long[] rows, int neighbours)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor queries = Select(training, rows);
        torch.Tensor exclude = torch.tensor(rows, dtype: torch.int64, device: training.device);
        torch.Tensor found = NearestNeighbours.Indices(queries, training, neighbours, exclude).select(1, neighbours - 1);
        return PairwiseDistances.SquaredRowwise(queries, training.index_select(0, found)).cpu().data<double>().ToArray();
    }

    private static torch.Tensor Select(torch.Tensor features, long[] rows) =>
        features.index_select(0, torch.tensor(rows, dtype: torch.int64, device: features.device));

    private static long[] CheckIndices(IReadOnlyList<long> indices, long trainingCount, long generatedCount)
    {
        if (indices.Count != generatedCount)
        {
            throw new ArgumentException(
                $"There are {indices.Count} memory indices for {generatedCount} generated images.", nameof(indices));
        }

        for (int i = 0; i < indices.Count; i++)
        {
            if (indices[i] < 0 || indices[i] >= trainingCount)
            {
                throw new ArgumentException(
                    $"Memory index {i} is {indices[i]}; there are {trainingCount} training images, numbered from 0. Leave the indices out "
                    + "for images made without the bank.", nameof(indices));
            }
        }

        return [.. indices];
    }
}
