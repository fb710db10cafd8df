using static TorchSharp.torch;

namespace GMem.Transport;

/// <summary>How training times are drawn from [0, 1].</summary>
public sealed class TimeDistribution
{
    private readonly bool _logitNormal;

    private TimeDistribution(bool logitNormal, double mean, double std)
    {
        _logitNormal = logitNormal;
        Mean = mean;
        StandardDeviation = std;
    }

    /// <summary>Every time is equally likely.</summary>
    public static TimeDistribution Uniform { get; } = new(false, double.NaN, double.NaN);

    /// <summary>Mean of the normal before the logistic function; NaN for <see cref="Uniform"/>.</summary>
    public double Mean { get; }

    /// <summary>Standard deviation of the normal before the logistic function; NaN for <see cref="Uniform"/>.</summary>
    public double StandardDeviation { get; }

    /// <summary>The logistic function of a normal variable: most times lie in the middle (arXiv 2403.03206, section 3.1).</summary>
    /// <param name="mean">Mean of the normal; above 0 moves times towards the data. Default 0, as in the public GMem code.</param>
    /// <param name="standardDeviation">Standard deviation of the normal, above 0. Default 1, as in the public GMem code.</param>
    /// <returns>The distribution.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The mean is not finite, or the standard deviation is not above 0 and finite.
    /// </exception>
    public static TimeDistribution LogitNormal(double mean = 0, double standardDeviation = 1)
    {
        if (!double.IsFinite(mean))
        {
            throw new ArgumentOutOfRangeException(nameof(mean), mean, "The mean of logit-normal times must be finite; 0 is usual.");
        }

        if (!double.IsFinite(standardDeviation) || standardDeviation <= 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(standardDeviation), standardDeviation,
                "The standard deviation of logit-normal times must be above 0 and finite; 1 is usual.");
        }

        return new TimeDistribution(true, mean, standardDeviation);
    }

    /// <summary>Draws times.</summary>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="generator">Where the random numbers come from. The times lie on its device.</param>
    /// <param name="dtype">Their type. Default float32.</param>
    /// <returns><c>[count]</c>, from 0 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1.</exception>
    internal Tensor Sample(long count, Generator generator, ScalarType dtype = ScalarType.Float32)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentNullException.ThrowIfNull(generator);
        return _logitNormal
            ? randn(count, dtype: dtype, device: generator.device, generator: generator).TimesInPlace(StandardDeviation)
                .PlusInPlace(Mean).sigmoid_()
            : rand(count, dtype: dtype, device: generator.device, generator: generator);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        _logitNormal ? FormattableString.Invariant($"LogitNormal({Mean}, {StandardDeviation})") : "Uniform";
}
