namespace GMem.Sampling;

internal static class Predictions
{
    /// <summary>What a network returned, if it has the shape of the states it was given.</summary>
    public static torch.Tensor Checked(torch.Tensor prediction, torch.Tensor x) => prediction.shape.AsSpan().SequenceEqual(x.shape)
        ? prediction
        : throw new InvalidOperationException(
            $"The network returned [{string.Join(", ", prediction.shape)}] for states [{string.Join(", ", x.shape)}]; "
            + "a prediction has the shape of its states.");
}
