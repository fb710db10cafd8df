using GMem.Runtime;
using TorchSharp;

namespace GMem.Training;

/// <summary>The loss of one batch and what it is made of; scalar tensors on the network's device.</summary>
/// <param name="Total"><c>data + cosine weight * cosine + projection weight * projection</c>.</param>
/// <param name="Data">The squared error, averaged over the batch.</param>
/// <param name="Cosine">The cosine loss, averaged over the batch, where it is used.</param>
/// <param name="Projection">The projection loss (REPA), where it is used.</param>
internal sealed record LossTerms(torch.Tensor Total, torch.Tensor Data, torch.Tensor? Cosine, torch.Tensor? Projection)
{
    /// <returns>Every term times a factor.</returns>
    public LossTerms Times(double factor) => new(Total.Times(factor), Data.Times(factor), Cosine?.Times(factor), Projection?.Times(factor));

    /// <returns>Every term plus the other's.</returns>
    public LossTerms Plus(LossTerms other) => new(
        Total.Plus(other.Total), Data.Plus(other.Data), Sum(Cosine, other.Cosine), Sum(Projection, other.Projection));

    /// <returns>The same numbers without the way they came about.</returns>
    public LossTerms Detach() => new(Total.detach(), Data.detach(), Cosine?.detach(), Projection?.detach());

    public LossTerms MoveToOuterDisposeScope() => new(
        Total.MoveToOuterDisposeScope(), Data.MoveToOuterDisposeScope(), Cosine?.MoveToOuterDisposeScope(), Projection?.MoveToOuterDisposeScope());

    private static torch.Tensor? Sum(torch.Tensor? a, torch.Tensor? b) => a is null || b is null ? null : a.Plus(b);
}
