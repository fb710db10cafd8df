using System.Threading.Channels;

namespace GMem.Extensions;

/// <summary>Somebody who waits for images.</summary>
/// <param name="images">Where they go.</param>
/// <param name="expected">How many there will be.</param>
/// <param name="previews">Whether previews are wanted.</param>
/// <param name="gone">Cancelled when nobody waits any longer.</param>
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
