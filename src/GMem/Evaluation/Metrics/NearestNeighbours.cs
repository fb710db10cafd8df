namespace GMem.Evaluation;

/// <summary>Exact nearest-neighbour search between two sets, or within one, in bounded memory.</summary>
internal static class NearestNeighbours
{
    /// <summary>Squared distances from each row to its nearest neighbours in the same set. Each pair of blocks is computed once.</summary>
    /// <param name="features">float <c>[N, D]</c>, N above <paramref name="count"/>.</param>
    /// <param name="count">Number of neighbours, not counting the row itself.</param>
    /// <returns>float64 <c>[N, count]</c>, nearest first.</returns>
    public static torch.Tensor SquaredDistancesWithin(torch.Tensor features, int count)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor best = TensorNumbers.Full([features.shape[0], count], double.PositiveInfinity, torch.float64, features.device);
        int blocks = FeatureMatrix.BlockCount(features);
        for (int i = 0; i < blocks; i++)
        {
            using DisposeScope outer = torch.NewDisposeScope();
            torch.Tensor a = FeatureMatrix.Block(features, i);
            for (int j = i; j < blocks; j++)
            {
                using DisposeScope inner = torch.NewDisposeScope();
                torch.Tensor distances = PairwiseDistances.Squared(a, i == j ? a : FeatureMatrix.Block(features, j));
                if (i == j)
                {
                    distances.diagonal().FillInPlace(double.PositiveInfinity);
                }
                else
                {
                    KeepNearest(FeatureMatrix.Rows(best, j), distances.t());
                }

                KeepNearest(FeatureMatrix.Rows(best, i), distances);
            }
        }

        return best.MoveToOuterDisposeScope();
    }

    /// <summary>Rows of a set that are nearest to each query.</summary>
    /// <param name="queries">float <c>[Q, D]</c>.</param>
    /// <param name="set">
    /// float <c>[N, D]</c> with at least <paramref name="count"/> rows, or one more if <paramref name="exclude"/> is given.
    /// </param>
    /// <param name="count">Number of neighbours.</param>
    /// <param name="exclude">int64 <c>[Q]</c>: for each query, a row of the set to exclude (the query itself); or null.</param>
    /// <returns>int64 <c>[Q, count]</c>: rows of the set, nearest first.</returns>
    public static torch.Tensor Indices(torch.Tensor queries, torch.Tensor set, int count, torch.Tensor? exclude = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor result = torch.zeros([queries.shape[0], count], dtype: torch.int64, device: queries.device);
        for (int i = 0; i < FeatureMatrix.BlockCount(queries); i++)
        {
            using DisposeScope outer = torch.NewDisposeScope();
            torch.Tensor a = FeatureMatrix.Block(queries, i);
            torch.Tensor? excluded = exclude is null ? null : FeatureMatrix.Rows(exclude, i).unsqueeze(1);
            FeatureMatrix.Rows(result, i).copy_(IndicesOfBlock(a, set, count, excluded));
        }

        return result.MoveToOuterDisposeScope();
    }

    private static torch.Tensor IndicesOfBlock(torch.Tensor queries, torch.Tensor set, int count, torch.Tensor? excluded)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor best = TensorNumbers.Full([queries.shape[0], count], double.PositiveInfinity, torch.float64, queries.device);
        torch.Tensor rows = torch.zeros([queries.shape[0], count], dtype: torch.int64, device: queries.device);
        torch.Tensor setRows = TensorNumbers.Range(0, set.shape[0], device: queries.device);
        for (int j = 0; j < FeatureMatrix.BlockCount(set); j++)
        {
            using DisposeScope inner = torch.NewDisposeScope();
            torch.Tensor distances = PairwiseDistances.Squared(queries, FeatureMatrix.Block(set, j));
            torch.Tensor numbers = FeatureMatrix.Rows(setRows, j).unsqueeze(0);
            if (excluded is not null)
            {
                distances.FillWhereInPlace(numbers.eq(excluded), double.PositiveInfinity);
            }

            torch.Tensor all = torch.cat([best, distances], 1);
            torch.Tensor allRows = torch.cat([rows, numbers.expand(distances.shape[0], -1)], 1);
            (torch.Tensor values, torch.Tensor at) = all.topk(count, 1, largest: false, sorted: true);
            best.copy_(values);
            rows.copy_(allRows.gather(1, at));
        }

        return rows.MoveToOuterDisposeScope();
    }

    private static void KeepNearest(torch.Tensor best, torch.Tensor distances)
    {
        torch.Tensor all = torch.cat([best, distances], 1);
        (torch.Tensor values, _) = all.topk((int)best.shape[1], 1, largest: false, sorted: true);
        best.copy_(values);
    }
}
