using static TorchSharp.torch;

namespace GMem.Transport;

/// <summary>
/// The Gaussian from which each row's flow starts instead of N(0, I): x0 = mean + scale noise. The tensors are borrowed.
/// </summary>
/// <remarks>
/// Paths and conversions hold for it as they stand: x0 is what is called the noise there, and what they call the score is
/// -E[x0 | x] / sigma. The density's own score, which the SDE needs, is (that + mean / sigma) / scale^2.
/// </remarks>
/// <param name="mean">Means, <c>[B, ...]</c>, one a row.</param>
/// <param name="scale">Standard deviation of the noise about them, above 0.</param>
/// <param name="nullMean">
/// Where the null condition's flow starts in training, <c>[1, ...]</c> or <c>[B, ...]</c>; needed with guidance only.
/// </param>
/// <exception cref="ArgumentOutOfRangeException">The scale is not above 0 and finite.</exception>
internal sealed class GaussianSource(Tensor mean, double scale, Tensor? nullMean = null)
{
    /// <summary>Means, <c>[B, ...]</c>, one a row.</summary>
    public Tensor Mean { get; } = mean;

    /// <summary>Standard deviation of the noise about them.</summary>
    public double Scale { get; } = scale > 0 && double.IsFinite(scale)
        ? scale
        : throw new ArgumentOutOfRangeException(nameof(scale), scale, "The scale of a source's noise must be above 0 and finite.");

    /// <summary>Where the null condition's flow starts in training; null where there is no guidance.</summary>
    public Tensor? NullMean { get; } = nullMean;

    /// <summary>mean + scale noise.</summary>
    /// <param name="noise">Standard normal noise, <c>[B, ...]</c>.</param>
    /// <returns>x0, <c>[B, ...]</c>, a new tensor.</returns>
    public Tensor Draw(Tensor noise)
    {
        Arguments.CheckSameShape(Mean, noise, "source's mean", "noise");
        return Mean.PlusScaled(Scale, noise);
    }

    /// <summary>The noise of which x0 was made.</summary>
    internal Tensor Standardise(Tensor x0)
    {
        Arguments.CheckSameShape(Mean, x0, "source's mean", "state");
        return x0.sub(Mean).DividedByInPlace(Scale);
    }

    /// <summary>The sources of some of the rows.</summary>
    internal GaussianSource Rows(long begin, long count) => new(
        Mean.narrow(0, begin, count), Scale, NullMean is { } one && one.size(0) != 1 ? one.narrow(0, begin, count) : NullMean);
}
