namespace GMem.Evaluation;

/// <summary>
/// Squared Euclidean distances between rows, in float64 and block by block: 10,000 x 10,000 of them at once would take 800 MB.
/// In float64 the fast form |a|^2 - 2ab + |b|^2 is accurate enough to decide which of two images is nearer; in float32 it is not.
/// </summary>
internal static class PairwiseDistances
{
    /// <param name="a">float64 <c>[n, D]</c>.</param>
    /// <param name="b">float64 <c>[m, D]</c>.</param>
    /// <returns>float64 <c>[n, m]</c>, at least 0.</returns>
    public static torch.Tensor Squared(torch.Tensor a, torch.Tensor b)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor columns = b.Squared().sum(1).unsqueeze(0);
        torch.Tensor rows = a.Squared().sum(1).unsqueeze(1);
        return a.matmul(b.t()).TimesInPlace(-2).PlusInPlace(rows).PlusInPlace(columns).AtLeastInPlace(0).MoveToOuterDisposeScope();
    }

    /// <summary>Distances of corresponding rows, without cancellation: identical rows are exactly 0 apart.</summary>
    /// <param name="a">float32 or float64 <c>[n, D]</c>.</param>
    /// <param name="b">float32 or float64 <c>[n, D]</c>.</param>
    /// <returns>float64 <c>[n]</c>.</returns>
    public static torch.Tensor SquaredRowwise(torch.Tensor a, torch.Tensor b)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor result = torch.empty([a.shape[0]], dtype: torch.float64, device: a.device);
        for (int i = 0; i < FeatureMatrix.BlockCount(a); i++)
        {
            using DisposeScope block = torch.NewDisposeScope();
            torch.Tensor difference = FeatureMatrix.Block(a, i).sub(FeatureMatrix.Block(b, i));
            FeatureMatrix.Rows(result, i).copy_(difference.Squared().sum(1));
        }

        return result.MoveToOuterDisposeScope();
    }
}
