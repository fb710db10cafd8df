using System.Runtime.CompilerServices;
using System.Threading.Channels;
using GMem.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GMem.Extensions;

/// <summary>Shares one model between many callers: requests are queued and generated together in batches. Thread-safe.</summary>
/// <remarks>
/// An image depends only on its own request, so it is bit-for-bit the same whatever else is in its batch. When a caller cancels, its queued
/// requests are dropped. A batch that no caller is waiting for any more is stopped between two steps of the solver. Register the service
/// with <see cref="ServiceCollectionExtensions"/>.
/// </remarks>
public sealed class ImageService : IAsyncDisposable
{
    private readonly GMemModel _model;
    private readonly ImageServiceOptions _options;
    private readonly Channel<QueuedImage> _queue;
    private readonly BatchWorker _worker;
    private readonly Task _work;
    private int _disposed;

    /// <summary>Starts the service.</summary>
    /// <param name="model">The model. The service holds its own reference to the network and disposes only that.</param>
    /// <param name="options">Settings, which are copied; null for the defaults.</param>
    /// <param name="logger">Receives batches (debug level) and errors; null to log nothing.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message names every fault.</exception>
    public ImageService(GMemModel model, ImageServiceOptions? options = null, ILogger<ImageService>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _options = options?.Clone() ?? new ImageServiceOptions();
        _options.Validate();
        _model = model.WithSampling(_options.Sampling ?? model.Sampling);
        _queue = Channel.CreateBounded<QueuedImage>(new BoundedChannelOptions(_options.QueueCapacity) { SingleReader = true });
        _worker = new BatchWorker(_model, _options, _queue.Reader, logger ?? NullLogger<ImageService>.Instance);
        _work = Task.Run(_worker.RunAsync);
    }

    /// <summary>The memory bank that images are drawn from.</summary>
    public MemoryBank Memory => _model.Memory;

    /// <summary>Side of the images in pixels.</summary>
    public int ImageSize => _model.ImageSize;

    /// <summary>Number of images queued or being generated.</summary>
    public int Pending => _worker.Open;

    /// <summary>The memory entry a request would use; nothing is generated.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The entry, or null if the request has its own snippet.</returns>
    /// <exception cref="ArgumentException">The request is not valid for this model; the message says why.</exception>
    public MemoryEntry? EntryOf(GenerationRequest request) => _model.EntryOf(request);

    /// <summary>Generates one image.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The finished image.</returns>
    /// <exception cref="ArgumentException">The request is not valid for this model; the message says why.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled, or the service is being stopped.</exception>
    public async Task<GeneratedImage> GenerateOneAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        GeneratedImage? last = null;
        await foreach (GeneratedImage image in GenerateAsync([request], previews: false, cancellationToken).ConfigureAwait(false))
        {
            last = image;
        }

        return last!;
    }

    /// <summary>Generates images and yields each one, after its previews, as soon as it is finished.</summary>
    /// <param name="requests">What to generate.</param>
    /// <param name="previews">Whether to yield previews too (<see cref="ImageServiceOptions.PreviewEveryNStep"/>).</param>
    /// <param name="cancellationToken">Cancels the requests. Leaving the loop early has the same effect.</param>
    /// <returns>The images.</returns>
    /// <exception cref="ArgumentException">A request is not valid for this model; thrown at once.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled, or the service is being stopped.</exception>
    public IAsyncEnumerable<GeneratedImage> GenerateAsync(
        IReadOnlyList<GenerationRequest> requests, bool previews = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        foreach (GenerationRequest request in requests)
        {
            _model.Validate(request);
        }

        return ReadAsync([.. requests], previews, cancellationToken);
    }

    /// <summary>
    /// Stops the service. Images in progress are stopped between two steps, and waiting callers get an
    /// <see cref="OperationCanceledException"/>.
    /// </summary>
    /// <returns>A task that completes when all work has stopped.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _ = _queue.Writer.TryComplete();
        await _worker.StopAsync(_work).ConfigureAwait(false);
        _model.Dispose();
    }

    private async IAsyncEnumerable<GeneratedImage> ReadAsync(
        GenerationRequest[] requests, bool previews, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<GeneratedImage> images = Channel.CreateUnbounded<GeneratedImage>(new UnboundedChannelOptions { SingleReader = true });
        try
        {
            Caller caller = new(images.Writer, requests.Length, previews, gone.Token);
            Task queued = EnqueueAsync(requests, caller);
            await foreach (GeneratedImage image in images.Reader.ReadAllAsync(gone.Token).ConfigureAwait(false))
            {
                yield return image;
            }

            await queued.ConfigureAwait(false);
        }
        finally
        {
            await gone.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Never throws; an error completes the caller's channel instead.</summary>
    private async Task EnqueueAsync(GenerationRequest[] requests, Caller caller)
    {
        if (requests.Length == 0)
        {
            caller.Fail(null);
        }

        try
        {
            for (int i = 0; i < requests.Length; i++)
            {
                await _queue.Writer.WriteAsync(_worker.Opened(new QueuedImage(i, requests[i], caller)), caller.Gone).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            _worker.Closed(1);
            caller.Fail(e as OperationCanceledException ?? new OperationCanceledException("The image service is being stopped."));
        }
    }
}
