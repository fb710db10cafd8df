namespace GMem.Evaluation;

/// <summary>Running counts over the distances between two sets, for one k. Its tensors belong to the caller's scope.</summary>
internal sealed class ManifoldCounts
{
    private readonly int _neighbours;
    private readonly torch.Tensor _realRadii;
    private readonly torch.Tensor _generatedRadii;
    private readonly torch.Tensor _generatedInside;
    private readonly torch.Tensor _realInside;
    private readonly torch.Tensor _realCovered;
    private readonly torch.Tensor _ballsAroundGenerated;

    /// <param name="neighbours">k.</param>
    /// <param name="realRadii">float64 <c>[N]</c>, squared.</param>
    /// <param name="generatedRadii">float64 <c>[M]</c>, squared.</param>
    public ManifoldCounts(int neighbours, torch.Tensor realRadii, torch.Tensor generatedRadii)
    {
        _neighbours = neighbours;
        _realRadii = realRadii;
        _generatedRadii = generatedRadii;
        _generatedInside = torch.zeros_like(generatedRadii, dtype: torch.@bool);
        _realInside = torch.zeros_like(realRadii, dtype: torch.@bool);
        _realCovered = torch.zeros_like(realRadii, dtype: torch.@bool);
        _ballsAroundGenerated = torch.zeros_like(generatedRadii, dtype: torch.int64);
    }

    /// <summary>bool <c>[M]</c>: which generated images lie inside a real ball.</summary>
    public torch.Tensor GeneratedInside => _generatedInside;

    /// <param name="distances">float64 <c>[n, m]</c>, squared, of real block i to generated block j.</param>
    /// <param name="i">Block of the real images.</param>
    /// <param name="j">Block of the generated images.</param>
    public void Add(torch.Tensor distances, int i, int j)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor realRadii = FeatureMatrix.Rows(_realRadii, i).unsqueeze(1);
        torch.Tensor generatedRadii = FeatureMatrix.Rows(_generatedRadii, j).unsqueeze(0);
        FeatureMatrix.Rows(_generatedInside, j).logical_or_(distances.le(realRadii).any(0));
        FeatureMatrix.Rows(_realInside, i).logical_or_(distances.le(generatedRadii).any(1));
        torch.Tensor strictlyInside = distances.lt(realRadii);
        FeatureMatrix.Rows(_realCovered, i).logical_or_(strictlyInside.any(1));
        FeatureMatrix.Rows(_ballsAroundGenerated, j).PlusInPlace(strictlyInside.sum([0]));
    }

    public ManifoldScores ToScores()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return new ManifoldScores(
            _neighbours,
            Share(_generatedInside),
            Share(_realInside),
            _ballsAroundGenerated.sum().item<long>() / ((double)_neighbours * _generatedInside.shape[0]),
            Share(_realCovered));
    }

    private static double Share(torch.Tensor flags) => flags.sum().item<long>() / (double)flags.shape[0];
}
