namespace GMem.Evaluation;

/// <summary>
/// Improved precision and recall (Kynkäänniemi et al., 2019, arXiv 1904.06991; as in ADM's evaluator, squared distance at most the
/// squared radius) and density and coverage (Naeem et al., 2020, arXiv 2002.09797; distance below the radius).
/// </summary>
/// <remarks>Distances are float64, so decisions do not depend on block or batch sizes. Needs about 50 MB besides the features.</remarks>
internal static class ManifoldMetrics
{
    /// <summary>Keeps realism finite if a generated image coincides with a real one; the published constant.</summary>
    private const double RealismEpsilon = 1e-5;

    /// <summary>All four scores for one number of neighbours.</summary>
    /// <param name="real">float <c>[N, D]</c>.</param>
    /// <param name="generated">float <c>[M, D]</c>.</param>
    /// <param name="neighbours">k, at least 1 and below N and M. Default 3, as in ADM; density and coverage are published with 5.</param>
    /// <returns>The scores.</returns>
    /// <exception cref="ArgumentException">The sets do not match, have too few rows, or contain NaN.</exception>
    public static ManifoldScores Compute(torch.Tensor real, torch.Tensor generated, int neighbours = 3) =>
        Compute(real, generated, [neighbours])[0];

    /// <summary>All four scores for several numbers of neighbours, at little more than the cost of one.</summary>
    /// <param name="real">float <c>[N, D]</c>.</param>
    /// <param name="generated">float <c>[M, D]</c>.</param>
    /// <param name="neighbours">Values of k, each at least 1 and below N and M.</param>
    /// <returns>The scores, in the order of <paramref name="neighbours"/>.</returns>
    /// <exception cref="ArgumentException">The sets do not match, have too few rows, or contain NaN.</exception>
    public static IReadOnlyList<ManifoldScores> Compute(torch.Tensor real, torch.Tensor generated, IReadOnlyList<int> neighbours)
    {
        CheckNeighbours(neighbours);
        FeatureMatrix.CheckPair(real, generated, neighbours.Max() + 1);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor realRadii = SquaredRadii(real, neighbours);
        torch.Tensor generatedRadii = SquaredRadii(generated, neighbours);
        ManifoldCounts[] counts =
            [.. neighbours.Select((k, i) => new ManifoldCounts(k, realRadii.select(1, i), generatedRadii.select(1, i)))];
        for (int i = 0; i < FeatureMatrix.BlockCount(real); i++)
        {
            using DisposeScope outer = torch.NewDisposeScope();
            torch.Tensor a = FeatureMatrix.Block(real, i);
            for (int j = 0; j < FeatureMatrix.BlockCount(generated); j++)
            {
                using DisposeScope inner = torch.NewDisposeScope();
                torch.Tensor distances = PairwiseDistances.Squared(a, FeatureMatrix.Block(generated, j));
                foreach (ManifoldCounts count in counts)
                {
                    count.Add(distances, i, j);
                }
            }
        }

        return [.. counts.Select(c => c.ToScores())];
    }

    /// <summary>
    /// Realism of each generated image: the maximum, over the real images' balls, of squared radius divided by squared distance. Above 1
    /// the image lies inside a ball. As in ADM's evaluator, the ratio is of squares (the paper's equation 3 is its square root) and 1e-5 is
    /// added to the denominator.
    /// </summary>
    /// <param name="real">float <c>[N, D]</c>.</param>
    /// <param name="generated">float <c>[M, D]</c>.</param>
    /// <param name="neighbours">k, at least 1 and below N. Default 3.</param>
    /// <returns>float64 <c>[M]</c>.</returns>
    /// <exception cref="ArgumentException">The sets do not match, have too few rows, or contain NaN.</exception>
    public static torch.Tensor Realism(torch.Tensor real, torch.Tensor generated, int neighbours = 3)
    {
        CheckNeighbours([neighbours]);
        FeatureMatrix.CheckPair(real, generated);
        FeatureMatrix.Check(real, nameof(real), neighbours + 1);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor radii = SquaredRadii(real, [neighbours]);
        torch.Tensor realism = torch.zeros([generated.shape[0]], dtype: torch.float64, device: generated.device);
        for (int j = 0; j < FeatureMatrix.BlockCount(generated); j++)
        {
            using DisposeScope outer = torch.NewDisposeScope();
            torch.Tensor b = FeatureMatrix.Block(generated, j);
            torch.Tensor best = FeatureMatrix.Rows(realism, j);
            for (int i = 0; i < FeatureMatrix.BlockCount(real); i++)
            {
                using DisposeScope inner = torch.NewDisposeScope();
                torch.Tensor distances = PairwiseDistances.Squared(FeatureMatrix.Block(real, i), b).PlusInPlace(RealismEpsilon);
                best.copy_(torch.maximum(best, FeatureMatrix.Rows(radii, i).div(distances).amax([0])));
            }
        }

        return realism.MoveToOuterDisposeScope();
    }

    /// <returns>float64 <c>[N, K]</c>: the squared distance from each row to its k-th neighbour, one column for each k.</returns>
    internal static torch.Tensor SquaredRadii(torch.Tensor features, IReadOnlyList<int> neighbours)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor nearest = NearestNeighbours.SquaredDistancesWithin(features, neighbours.Max());
        return torch.stack([.. neighbours.Select(k => nearest.select(1, k - 1))], 1).MoveToOuterDisposeScope();
    }

    private static void CheckNeighbours(IReadOnlyList<int> neighbours)
    {
        ArgumentOutOfRangeException.ThrowIfZero(neighbours.Count, nameof(neighbours));
        foreach (int k in neighbours)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(k, 1, nameof(neighbours));
        }
    }
}
