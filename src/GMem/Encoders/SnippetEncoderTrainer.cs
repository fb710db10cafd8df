using GMem.Images;

namespace GMem.Encoders;

/// <summary>Fits a snippet encoder to the images that a model is trained on.</summary>
/// <remarks>
/// Fitting must be deterministic: the same images and settings must give the same bits. When a run in a workspace is resumed, the encoder
/// is fitted again, and the run continues only if the result is identical to the encoder it started with.
/// </remarks>
public abstract class SnippetEncoderTrainer
{
    /// <summary>Fits an encoder.</summary>
    /// <param name="images">The training images.</param>
    /// <param name="cancellationToken">Cancels the fit.</param>
    /// <returns>A new encoder; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">No encoder can be fitted to these images; the message says why.</exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public abstract SnippetEncoder Fit(ImageRows images, CancellationToken cancellationToken = default);
}
