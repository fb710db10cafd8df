namespace GMem.Training;

/// <summary>
/// A source that the memory centres: the flow starts at mu(s) + <see cref="NoiseScale"/> noise instead of N(0, I), where mu(s) is the
/// image, or latent, that a linear map guesses from the snippet s. The network then only learns what that guess lacks (arXiv 2502.09611,
/// 2509.19300, 2602.05951).
/// </summary>
/// <remarks>
/// mu(s) = mean image + W s, with W by ridge regression on the training images before training. s is the snippet as the network sees it,
/// with dropped entries zero, so the null condition starts at the mean image. Immutable.
/// </remarks>
public sealed record CentredSource
{
    /// <summary>
    /// Standard deviation of the noise about mu(s), in the unit of the network's data (pixels are from -1 to 1). Above 0. Default 0.5.
    /// </summary>
    public double NoiseScale { get; init; } = 0.5;

    /// <summary>
    /// Strength of the ridge, relative to the mean square of a snippet's entry. Above 0. Default 0.01: W is about that share smaller in
    /// directions of average spread.
    /// </summary>
    public double Ridge { get; init; } = 0.01;

    internal void Check(OptionFaults faults)
    {
        faults.Require(NoiseScale is > 0 and <= 1000, $"the source's {nameof(NoiseScale)}", NoiseScale, "above 0 and at most 1000");
        faults.Require(Ridge is > 0 and <= 1e6, $"the source's {nameof(Ridge)}", Ridge, "above 0 and at most 1e6");
    }
}
