namespace GMem;

/// <content>Choosing how to generate.</content>
public sealed partial class GMemModel
{
    /// <summary>
    /// Searches how to sample: guidance and the time from which on it guides, the shift of the times, and novelty, one after the other,
    /// every candidate with the same seeds. The settings are chosen on one half of the real pictures and reported on the other.
    /// </summary>
    /// <remarks>
    /// A candidate wins if its Frechet distance to the tuning half is smaller than that of all before it, the untuned settings first, and
    /// its copy share is not above that of the tuning half itself: pictures that the model has not seen. Nothing of the model changes;
    /// take the settings with <see cref="WithSampling"/>. Costs at most <see cref="TuningOptions.Samples"/> images for each candidate, for
    /// the defaults 15 in the first round, and twice as many for the report.
    /// </remarks>
    /// <param name="real">
    /// Pictures that were not trained on, at least 16, in the model's shape: uint8 <c>[N, C, H, W]</c>. Not disposed.
    /// </param>
    /// <param name="options">What to try; null for the defaults.</param>
    /// <param name="training">
    /// The pictures that were trained on, at least 2, alike, by which copies are counted; null counts none, and then novelty is not
    /// searched. Not disposed.
    /// </param>
    /// <param name="progress">Told of each candidate when it has been measured, those of the report last. Default null.</param>
    /// <param name="cancellationToken">Stops between solver steps.</param>
    /// <returns>What was tried, what won, and what to expect of it.</returns>
    /// <exception cref="ArgumentException">
    /// The options are not valid, the pictures are too few or of another shape, or the model makes no images of seeds alone.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TuningResult Tune(
        torch.Tensor real, TuningOptions? options = null, torch.Tensor? training = null, IProgress<TuningCandidate>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(real);
        options ??= new TuningOptions();
        options.Validate();
        using UseScope use = Use();
        using SamplingTuning tuning = new(this, real, training, options, progress, cancellationToken);
        return tuning.Run(real, training);
    }
}
