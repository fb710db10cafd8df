namespace GMem.Sampling;

/// <summary>Shows what a batch is becoming while it is sampled: the estimate of the data, E[x1 | x], at the state reached.</summary>
/// <remarks>
/// It is made from the prediction that the solver needs anyway, so it costs no evaluation of the network. Not given for adaptive steppers,
/// which work row by row.
/// </remarks>
internal sealed class SamplingPreview
{
    /// <summary>Describes when to show what.</summary>
    /// <param name="everyNStep">A preview after every so many steps, but not after the last. At least 1.</param>
    /// <param name="show">
    /// Given the estimate <c>[B, ...]</c>, which is freed when it returns, and how far the batch is. Called on the sampling thread.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="everyNStep"/> is below 1.</exception>
    public SamplingPreview(int everyNStep, Action<torch.Tensor, SamplingProgress> show)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(everyNStep, 1);
        ArgumentNullException.ThrowIfNull(show);
        (EveryNStep, Show) = (everyNStep, show);
    }

    /// <summary>A preview after every so many steps.</summary>
    public int EveryNStep { get; }

    internal Action<torch.Tensor, SamplingProgress> Show { get; }
}
