using System.Threading.Channels;

namespace GMem.Extensions;

/// <summary>A caller waiting for images.</summary>
/// <param name="images">Receives the images.</param>
/// <param name="expected">Number of finished images to expect.</param>
/// <param name="previews">Whether the caller wants previews.</param>
/// <param name="gone">Cancelled when the caller stops waiting.</param>
internal sealed class Caller(ChannelWriter<GeneratedImage> images, int expected, bool previews, CancellationToken gone)
{
    private int _left = expected;

    public CancellationToken Gone { get; } = gone;

    public bool WantsPreviews { get; } = previews;

    public bool IsGone => Gone.IsCancellationRequested;

    public void Give(GeneratedImage image)
    {
        if (image.IsPreview && !WantsPreviews)
        {
            return;
        }

        _ = images.TryWrite(image);
        if (!image.IsPreview && Interlocked.Decrement(ref _left) == 0)
        {
            _ = images.TryComplete();
        }
    }

    public void Fail(Exception? error) => images.TryComplete(error);
}
