using GMem.Runtime;

namespace GMem.Training;

/// <summary>The terms of a loss as numbers, which may go from one thread to another.</summary>
/// <param name="Total">As in <see cref="LossTerms"/>, as the rest.</param>
/// <param name="Data">The squared error.</param>
/// <param name="Cosine">The cosine loss, where it is used.</param>
/// <param name="Projection">The projection loss, where it is used.</param>
internal readonly record struct LossNumbers(double Total, double Data, double? Cosine, double? Projection)
{
    public static LossNumbers Of(LossTerms terms) => new(
        terms.Total.item<float>(), terms.Data.item<float>(), terms.Cosine?.item<float>(), terms.Projection?.item<float>());

    public LossNumbers Plus(LossNumbers other) => new(Total + other.Total, Data + other.Data, Cosine + other.Cosine, Projection + other.Projection);

    /// <returns>The same as scalar tensors on the CPU.</returns>
    public LossTerms ToTerms() => new(
        TensorNumbers.Full([], Total),
        TensorNumbers.Full([], Data),
        Cosine is { } cosine ? TensorNumbers.Full([], cosine) : null,
        Projection is { } projection ? TensorNumbers.Full([], projection) : null);
}
