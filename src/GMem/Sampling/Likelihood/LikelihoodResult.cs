namespace GMem.Sampling;

/// <summary>
/// Log-likelihoods, and the noise the data came from. Dispose it to free the tensors, or let the surrounding dispose scope do so.
/// </summary>
internal sealed class LikelihoodResult : IDisposable
{
    internal LikelihoodResult(torch.Tensor logLikelihood, torch.Tensor noise, torch.Tensor divergence, int evaluations)
    {
        LogLikelihood = logLikelihood;
        Noise = noise;
        Divergence = divergence;
        Evaluations = evaluations;
    }

    /// <summary>Natural logarithm of the density at each datum, <c>[N]</c>.</summary>
    public torch.Tensor LogLikelihood { get; }

    /// <summary>Where the flow carries each datum, <c>[N, ...]</c>.</summary>
    public torch.Tensor Noise { get; }

    /// <summary>Integral of the drift's divergence along the way from noise to datum, <c>[N]</c>: what the density loses.</summary>
    public torch.Tensor Divergence { get; }

    /// <summary>Evaluations of the network (each with one backward pass, or several for the exact divergence).</summary>
    public int Evaluations { get; }

    /// <summary>The log-likelihood as bits per dimension of data with discrete levels.</summary>
    /// <param name="levelWidth">Distance between two levels in the data's own unit. Default 2/256: 8-bit pixels over [-1, 1].</param>
    /// <returns><c>[N]</c>, a new tensor.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="levelWidth"/> is not above 0.</exception>
    public torch.Tensor BitsPerDimension(double levelWidth = 2.0 / 256)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(levelWidth);
        double dimensions = (double)Noise.numel() / Noise.size(0);
        return LogLikelihood.Times(-1 / (dimensions * Math.Log(2))).PlusInPlace(-Math.Log2(levelWidth));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        LogLikelihood.Dispose();
        Noise.Dispose();
        Divergence.Dispose();
    }
}
