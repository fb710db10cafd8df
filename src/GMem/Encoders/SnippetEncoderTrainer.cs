using GMem.Images;

namespace GMem.Encoders;

/// <summary>Fits a snippet encoder to the images that a model is trained on.</summary>
/// <remarks>
/// Fitting must be deterministic: the same images and settings give the same bits. A run in a workspace is continued only if the encoder
/// that is fitted then is the one that it began with.
/// </remarks>
public abstract class SnippetEncoderTrainer
{
    /// <summary>Fits an encoder.</summary>
    /// <param name="images">The training images.</param>
    /// <param name="cancellationToken">Stops the fit.</param>
    /// <returns>A new encoder, which the caller disposes.</returns>
    /// <exception cref="ArgumentException">No encoder can be fitted to these images; the message says why.</exception>
    /// <exception cref="OperationCanceledException">The fit was stopped.</exception>
    public abstract SnippetEncoder Fit(ImageRows images, CancellationToken cancellationToken = default);
}
