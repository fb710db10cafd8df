namespace GMem.Autoencoders;

/// <summary>The encoder's posterior over a latent: an independent normal distribution for each entry.</summary>
internal sealed class DiagonalGaussian : IDisposable
{
    private const double SmallestLogVariance = -30;
    private const double LargestLogVariance = 20;
    private readonly bool _deterministic;

    /// <summary>Creates the distribution from an encoder's output.</summary>
    /// <param name="moments"><c>[B, 2 * C, h, w]</c>: means, then log variances, which are clamped to -30..20. The caller keeps
    /// ownership.</param>
    /// <param name="deterministic">Whether to treat the variance as 0, whatever the moments say. Default false.</param>
    /// <exception cref="ArgumentException">The moments have the wrong shape.</exception>
    public DiagonalGaussian(torch.Tensor moments, bool deterministic = false)
    {
        if (moments.shape is not [_, >= 2 and long channels, _, _] || channels % 2 != 0)
        {
            throw new ArgumentException($"Moments must be [B, 2 * C, h, w]; got [{string.Join(", ", moments.shape)}].", nameof(moments));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        _deterministic = deterministic;
        torch.Tensor[] halves = moments.chunk(2, 1);
        Mean = halves[0].clone().MoveToOuterDisposeScope();
        LogVariance = halves[1].Clamped(SmallestLogVariance, LargestLogVariance).MoveToOuterDisposeScope();
        StandardDeviation = (deterministic ? torch.zeros_like(Mean) : LogVariance.Times(0.5).exp_()).MoveToOuterDisposeScope();
        Variance = (deterministic ? torch.zeros_like(Mean) : LogVariance.exp()).MoveToOuterDisposeScope();
    }

    /// <summary>Means <c>[B, C, h, w]</c>, which are also the mode.</summary>
    public torch.Tensor Mean { get; }

    /// <summary>Natural logarithms of the variances, clamped to -30..20.</summary>
    public torch.Tensor LogVariance { get; }

    /// <summary>Standard deviations.</summary>
    public torch.Tensor StandardDeviation { get; }

    /// <summary>Variances.</summary>
    public torch.Tensor Variance { get; }

    /// <summary>Draws from the distribution.</summary>
    /// <param name="generator">A CPU generator, so that the numbers are the same on every device.</param>
    /// <returns>New tensor <c>[B, C, h, w]</c>.</returns>
    public torch.Tensor Sample(torch.Generator generator)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return Sample(torch.randn(Mean.shape, generator: generator)).MoveToOuterDisposeScope();
    }

    /// <summary>Draws from the distribution using the given noise.</summary>
    /// <param name="noise">Standard normal noise <c>[B, C, h, w]</c>.</param>
    /// <returns>New tensor: mean + deviation * noise.</returns>
    public torch.Tensor Sample(torch.Tensor noise)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return (StandardDeviation * noise.to(Mean.dtype, Mean.device)).PlusInPlace(Mean).MoveToOuterDisposeScope();
    }

    /// <summary>Kullback-Leibler divergence from the standard normal distribution.</summary>
    /// <returns><c>[B]</c>, in nats, summed over each image; 0 if deterministic.</returns>
    public torch.Tensor KullbackLeibler()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return Half(Mean.Squared().Plus(Variance).Plus(-1) - LogVariance).MoveToOuterDisposeScope();
    }

    /// <summary>Kullback-Leibler divergence of this distribution from another, KL(this || other).</summary>
    /// <param name="other">A distribution of the same shape.</param>
    /// <returns><c>[B]</c>, in nats, summed over each image; 0 if this distribution is deterministic.</returns>
    public torch.Tensor KullbackLeibler(DiagonalGaussian other)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor distance = (Mean - other.Mean).Squared() / other.Variance;
        return Half((distance.Plus(Variance / other.Variance).Plus(-1) - LogVariance).Plus(other.LogVariance)).MoveToOuterDisposeScope();
    }

    /// <summary>Negative log density of the given latents.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <returns><c>[B]</c>, in nats, summed over each image; 0 if deterministic.</returns>
    public torch.Tensor NegativeLogLikelihood(torch.Tensor latents)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor distance = (latents - Mean).Squared() / Variance;
        return Half(LogVariance.Plus(distance).Plus(Math.Log(2 * Math.PI))).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        LogVariance.Dispose();
        StandardDeviation.Dispose();
        Variance.Dispose();
    }

    private torch.Tensor Half(torch.Tensor terms) =>
        _deterministic ? torch.zeros(terms.shape[0], dtype: terms.dtype, device: terms.device) : terms.sum([1, 2, 3]).TimesInPlace(0.5);
}
