namespace GMem.Evaluation;

/// <summary>A generated image and the training image it is compared with.</summary>
/// <param name="GeneratedIndex">Row of the generated image.</param>
/// <param name="TrainingIndex">Row of the training image.</param>
/// <param name="Distance">Distance between the two, in feature space.</param>
/// <param name="NeighbourDistance">Distance from the training image to its k-th nearest neighbour among the training images.</param>
public sealed record CopyPair(long GeneratedIndex, long TrainingIndex, double Distance, double NeighbourDistance)
{
    /// <summary>Whether the generated image counts as a copy: closer than the neighbour, or with identical features.</summary>
    public bool IsCopy => Distance < NeighbourDistance || Distance == 0;

    /// <summary>
    /// Distance divided by neighbour distance; below 1 for a copy. Infinite if the training image has k exact duplicates and the generated
    /// image is not another.
    /// </summary>
    public double Ratio => Distance == 0 ? 0 : Distance / NeighbourDistance;
}
