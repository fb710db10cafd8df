namespace GMem;

/// <content>From pictures back to noise.</content>
public sealed partial class GMemModel
{
    /// <summary>How many numbers the noise of an image has, <c>C h w</c> of the network's data.</summary>
    public int NoiseSize => (int)Core.LatentShape.Aggregate((a, b) => a * b);

    /// <summary>
    /// Finds the noise of which the model makes each picture, by the reverse ODE, and makes the picture again to see how exact it is. The
    /// noise of one picture with the memory of another (<see cref="GenerationRequest.Noise"/>) is the first in the style of the second.
    /// </summary>
    /// <param name="requests">
    /// The pictures, as <see cref="GenerationRequest.PromptImage"/>, with the memory under which each is inverted: that of the picture
    /// itself unless the request names another entry, snippet or label. An image depends on its own request alone.
    /// </param>
    /// <param name="cancellationToken">Stops between solver steps.</param>
    /// <returns>The noises and errors, in the order of the requests.</returns>
    /// <exception cref="ArgumentException">A request is not valid for this model; the message says which and why.</exception>
    /// <exception cref="InvalidOperationException">
    /// The model samples by the SDE, which has no way back, or by a prediction that is infinite where inversion begins.
    /// </exception>
    public IReadOnlyList<InvertedImage> Invert(
        IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        using UseScope use = Use();
        return ImageInversion.Invert(this, requests, cancellationToken);
    }
}
