using System.Diagnostics;
using System.Runtime.CompilerServices;
using GMem.Images;
using GMem.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GMem.Extensions;

/// <summary>Shares one model between many callers: requests are queued and generated together in batches. Thread-safe.</summary>
/// <remarks>
/// An image depends only on its own request, so it is bit-for-bit the same whatever else is in its batch. Callers take turns image by
/// image, so one that asks for thousands does not delay the others: an image waits for the batch in progress and is in the next one, unless
/// more callers are waiting than a batch has images. A request that fails fails its own call only. When a caller cancels, its queued
/// requests are dropped. A batch that no caller is waiting for any more is stopped between two steps of the solver. Register the service
/// with <see cref="ServiceCollectionExtensions"/>.
/// </remarks>
public sealed class ImageService : IDisposable, IAsyncDisposable
{
    private readonly GMemModel _model;
    private readonly ImageServiceOptions _options;
    private readonly FairQueue _queue;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private readonly Lazy<Task> _stopped;

    /// <summary>Starts the service.</summary>
    /// <param name="model">The model. The service holds its own reference to the network and disposes only that.</param>
    /// <param name="options">Settings, which are copied; null for the defaults.</param>
    /// <param name="logger">Receives batches (debug level) and errors; null to log nothing. Its own exceptions are ignored.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message names every fault.</exception>
    public ImageService(GMemModel model, ImageServiceOptions? options = null, ILogger<ImageService>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _options = options?.Clone() ?? new ImageServiceOptions();
        _options.Validate();
        _model = model.WithSampling(_options.Sampling ?? model.Sampling);
        _queue = new FairQueue(_options);
        SafeLogger safe = new(logger ?? NullLogger<ImageService>.Instance);
        _work = Task.Run(new BatchWorker(_options, _queue, safe, _stop.Token).RunAsync);
        _stopped = new Lazy<Task>(StopAsync);
    }

    /// <summary>The memory bank that images are drawn from.</summary>
    public MemoryBank Memory => _model.Memory;

    /// <inheritdoc cref="GMemModel.ImageShape"/>
    public ImageShape ImageShape => _model.ImageShape;

    /// <summary>
    /// Whether the model's encoder is given the pictures of prompts at the resolution that they have
    /// (<see cref="GMem.Encoders.SnippetEncoder.UsesSourceResolution"/>), so that they must not be scaled before.
    /// </summary>
    public bool UsesSourceResolution => _model.Encoder?.UsesSourceResolution == true;

    /// <inheritdoc cref="GMemModel.PromptLabels"/>
    public IReadOnlyList<string> PromptLabels => _model.PromptLabels;

    /// <inheritdoc cref="GMemModel.LabelIn"/>
    public string LabelIn(string text) => _model.LabelIn(text);

    /// <summary>Number of images queued or being generated.</summary>
    public int Pending => _queue.Open;

    /// <summary>Whether a new caller would be served: the service runs, and its queue is not full. For health checks.</summary>
    public bool IsReady => _queue.HasRoom && !_work.IsCompleted;

    /// <summary>The memory entry a request would use; nothing is generated.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The entry, or null if the request has its own snippet.</returns>
    /// <exception cref="ArgumentException">The request is not valid for this model; the message says why.</exception>
    public MemoryEntry? EntryOf(GenerationRequest request) => _model.EntryOf(request);

    /// <summary>Generates one image for a caller of its own.</summary>
    /// <inheritdoc cref="GenerateOneAsync(GenerationRequest, ImageCallOptions, CancellationToken)"/>
    public Task<GeneratedImage> GenerateOneAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        GenerateOneAsync(request, new ImageCallOptions(), cancellationToken);

    /// <summary>Generates one image.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="options">Who calls, and how long to wait.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The finished image.</returns>
    /// <exception cref="ArgumentException">The request or an option is not valid; the message says why.</exception>
    /// <exception cref="ServiceBusyException">The queue, or the caller's share of it, is full.</exception>
    /// <exception cref="TimeoutException">The image was not finished in time.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The service was disposed before the image was finished.</exception>
    public async Task<GeneratedImage> GenerateOneAsync(
        GenerationRequest request, ImageCallOptions options, CancellationToken cancellationToken = default)
    {
        GeneratedImage? last = null;
        await foreach (GeneratedImage image in GenerateAsync([request], options, cancellationToken).ConfigureAwait(false))
        {
            last = image;
        }

        return last!;
    }

    /// <summary>Generates images for a caller of its own and yields each one, after its previews, as soon as it is finished.</summary>
    /// <param name="requests">What to generate.</param>
    /// <param name="previews">Whether to yield previews too (<see cref="ImageServiceOptions.PreviewEveryNStep"/>).</param>
    /// <param name="cancellationToken">Cancels the requests. Leaving the loop early has the same effect.</param>
    /// <returns>The images.</returns>
    /// <inheritdoc cref="GenerateAsync(IReadOnlyList{GenerationRequest}, ImageCallOptions, CancellationToken)" path="/exception"/>
    public IAsyncEnumerable<GeneratedImage> GenerateAsync(
        IReadOnlyList<GenerationRequest> requests, bool previews = false, CancellationToken cancellationToken = default) =>
        GenerateAsync(requests, new ImageCallOptions { Previews = previews }, cancellationToken);

    /// <summary>Generates images and yields each one, after its previews, as soon as it is finished.</summary>
    /// <param name="requests">What to generate. They are queued when the images are first asked for.</param>
    /// <param name="options">Who calls, how long to wait, and whether to yield previews too.</param>
    /// <param name="cancellationToken">Cancels the requests. Leaving the loop early has the same effect.</param>
    /// <returns>The images.</returns>
    /// <exception cref="ArgumentException">
    /// A request or an option is not valid, or there are more requests than the limits allow; thrown at once.
    /// </exception>
    /// <exception cref="ServiceBusyException">
    /// The queue, or the caller's share of it, is full; thrown at once, or by the loop if it has become full in between.
    /// </exception>
    /// <exception cref="TimeoutException">An image was not finished in time; thrown by the loop.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The service was disposed before the images were finished.</exception>
    public IAsyncEnumerable<GeneratedImage> GenerateAsync(
        IReadOnlyList<GenerationRequest> requests, ImageCallOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        GenerationRequest[] copy = [.. requests];
        _queue.RequireRoom(options.Caller, copy.Length);
        using (GMemModel? own = OwnModel(options))
        {
            Array.ForEach(copy, (own ?? _model).Validate);
        }

        return ReadAsync(copy, options.Clone(), cancellationToken);
    }

    /// <summary>
    /// Stops the service and waits until it has stopped. Images in progress are stopped between two steps, and waiting callers get an
    /// <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose() => _stopped.Value.GetAwaiter().GetResult();

    /// <inheritdoc cref="Dispose"/>
    /// <returns>A task that completes when all work has stopped.</returns>
    public ValueTask DisposeAsync() => new(_stopped.Value);

    private async Task StopAsync()
    {
        Array.ForEach(_queue.Close(), call => call.Fail(BatchWorker.Stopped()));
        await _stop.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
        _stop.Dispose();
        _model.Dispose();
    }

    private async IAsyncEnumerable<GeneratedImage> ReadAsync(
        GenerationRequest[] requests, ImageCallOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (requests.Length == 0)
        {
            yield break;
        }

        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using GMemModel? own = OwnModel(options);
        ImageCall call = _queue.Add(own ?? _model, options.Caller, requests, options.Previews, gone.Token);
        try
        {
            TimeSpan? timeout = options.Timeout ?? _options.Timeout;
            TimeSpan waited = TimeSpan.Zero;
            long start = Stopwatch.GetTimestamp();
            while (await WaitAsync(call, timeout, waited, gone.Token).ConfigureAwait(false))
            {
                waited += Stopwatch.GetElapsedTime(start);
                while (call.Images.TryRead(out GeneratedImage? image))
                {
                    call.Read(image);
                    _queue.Wake();
                    waited = image.IsPreview ? waited : TimeSpan.Zero;
                    yield return image;
                }

                start = Stopwatch.GetTimestamp();
            }
        }
        finally
        {
            await gone.CancelAsync().ConfigureAwait(false);
            _queue.Remove(call);
        }
    }

    /// <summary>The model of a call with a bank or sampling of its own, to be disposed; null for the service's.</summary>
    private GMemModel? OwnModel(ImageCallOptions options)
    {
        if (options is { Memory: null, Sampling: null })
        {
            return null;
        }

        GMemModel sampled = _model.WithSampling(options.Sampling ?? _model.Sampling);
        if (options.Memory is null)
        {
            return sampled;
        }

        using (sampled)
        {
            return sampled.WithMemory(options.Memory);
        }
    }

    private static async Task<bool> WaitAsync(ImageCall call, TimeSpan? timeout, TimeSpan waited, CancellationToken gone)
    {
        ValueTask<bool> next = call.Images.WaitToReadAsync(gone);
        if (timeout is not { } most || next.IsCompleted)
        {
            return await next.ConfigureAwait(false);
        }

        TimeSpan left = most > waited ? most - waited : TimeSpan.Zero;
        try
        {
            return await next.AsTask().WaitAsync(left, gone).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"The image was not finished within {most.TotalSeconds:0.###} s, the time allowed (Timeout).", e);
        }
    }
}
