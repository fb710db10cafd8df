
namespace GMem;

public sealed partial class GMemModel
{
    /// <summary>
    /// Generates on another thread and hands images out as they come: of each batch first the previews, if asked for, then the finished
    /// images in the order of the requests. An image is the same, bit for bit, as
    /// <see cref="Generate(IReadOnlyList{GenerationRequest}, CancellationToken)"/> makes. A reader that is slow holds
    /// at most two batches of images and previews: generation waits for it.
    /// </summary>
    /// <param name="requests">What to generate.</param>
    /// <param name="options">Batch size and previews; null for the defaults. Copied.</param>
    /// <param name="cancellationToken">
    /// Stops between solver steps. Leaving the loop early stops too; either way the work has ended when the loop is left.
    /// </param>
    /// <returns>The images. The stream keeps the network alive while it is read, even if this model is disposed.</returns>
    /// <exception cref="ArgumentException">
    /// The options or a request are not valid; thrown at once, before anything is generated.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IAsyncEnumerable<GeneratedImage> GenerateAsync(
        IReadOnlyList<GenerationRequest> requests, StreamingOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        using UseScope use = Use();
        StreamingOptions copy = options?.Clone() ?? new StreamingOptions();
        copy.Validate();
        foreach (GenerationRequest request in requests)
        {
            Validate(request);
        }

        return ImageStream.Read(this, [.. requests], copy, cancellationToken);
    }

    /// <summary>A second handle on the same network, to be disposed by itself.</summary>
    internal GMemModel Share()
    {
        ThrowIfDisposed();
        return new GMemModel(Core.Share(), _memory, Sampling);
    }
}
