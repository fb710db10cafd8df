using System.Threading.Channels;

namespace GMem.Extensions;

/// <summary>One call: its requests, and the images that its reader has not taken yet.</summary>
/// <param name="model">What to generate with.</param>
/// <param name="caller">Whose call it is.</param>
/// <param name="requests">What to generate.</param>
/// <param name="previews">Whether the reader wants previews.</param>
/// <param name="unread">Maximum number of images in progress or not yet read, and of unread previews.</param>
/// <param name="gone">Cancelled when the reader stops waiting.</param>
internal sealed class ImageCall(
    GMemModel model, Caller caller, GenerationRequest[] requests, bool previews, int unread, CancellationToken gone)
{
    private readonly Channel<GeneratedImage> _images =
        Channel.CreateUnbounded<GeneratedImage>(new UnboundedChannelOptions { SingleReader = true });

    private int _left = requests.Length;
    private int _unreadPreviews;
    private int _unreadImages;

    public GMemModel Model { get; } = model;

    public Caller Caller { get; } = caller;

    public CancellationToken Gone { get; } = gone;

    public bool WantsPreviews { get; } = previews;

    public bool IsGone => Gone.IsCancellationRequested;

    public ChannelReader<GeneratedImage> Images => _images.Reader;

    /// <summary>Number of images that wait. Guarded by the lock of the queue.</summary>
    public int Waiting { get; private set; } = requests.Length;

    /// <summary>Whether the reader keeps up, so that another image may be started.</summary>
    public bool HasRoom => Volatile.Read(ref _unreadImages) < unread;

    /// <summary>Takes the next image from those that wait. Guarded by the lock of the queue.</summary>
    public QueuedImage Take()
    {
        _ = Interlocked.Increment(ref _unreadImages);
        int index = requests.Length - Waiting--;
        return new QueuedImage(index, requests[index], this);
    }

    /// <summary>Gives up the images that wait. Guarded by the lock of the queue.</summary>
    /// <returns>How many there were.</returns>
    public int Drop()
    {
        int waiting = Waiting;
        Waiting = 0;
        return waiting;
    }

    public void Give(GeneratedImage image)
    {
        if (!image.IsPreview)
        {
            _ = _images.Writer.TryWrite(image);
            if (Interlocked.Decrement(ref _left) == 0)
            {
                _ = _images.Writer.TryComplete();
            }
        }
        else if (WantsPreviews && Volatile.Read(ref _unreadPreviews) < unread)
        {
            _ = Interlocked.Increment(ref _unreadPreviews);
            _ = _images.Writer.TryWrite(image);
        }
    }

    /// <summary>Notes that the reader has taken an image.</summary>
    public void Read(GeneratedImage image) => _ = Interlocked.Decrement(ref image.IsPreview ? ref _unreadPreviews : ref _unreadImages);

    public void Fail(Exception error) => _images.Writer.TryComplete(error);
}
