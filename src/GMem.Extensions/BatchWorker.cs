using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace GMem.Extensions;

/// <summary>Drains the queue in batches, generates the images, and hands each one to its caller.</summary>
internal sealed partial class BatchWorker(GMemModel model, ImageServiceOptions options, ChannelReader<QueuedImage> queue, ILogger logger)
{
    private readonly CancellationTokenSource _stop = new();
    private int _open;

    /// <summary>Number of requested images that are neither finished nor abandoned.</summary>
    public int Open => Volatile.Read(ref _open);

    public QueuedImage Opened(QueuedImage image)
    {
        _ = Interlocked.Increment(ref _open);
        return image;
    }

    public void Closed(int count) => Interlocked.Add(ref _open, -count);

    public async Task RunAsync()
    {
        List<QueuedImage> batch = [];
        while (await queue.WaitToReadAsync().ConfigureAwait(false))
        {
            int taken = Take(batch);
            if (batch.Count > 0)
            {
                await MakeAsync(batch).ConfigureAwait(false);
            }

            Closed(taken);
        }
    }

    public async Task StopAsync(Task work)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await work.ConfigureAwait(false);
        _stop.Dispose();
    }

    private int Take(List<QueuedImage> batch)
    {
        batch.Clear();
        int taken = 0;
        while (batch.Count < options.BatchSize && queue.TryRead(out QueuedImage? next))
        {
            taken++;
            if (!next.Caller.IsGone)
            {
                batch.Add(next);
            }
        }

        return taken;
    }

    private async Task MakeAsync(List<QueuedImage> batch)
    {
        Stopwatch clock = Stopwatch.StartNew();
        using CancellationTokenSource nobody = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        List<CancellationTokenRegistration> watches = [.. batch.Select(
            b => b.Caller.Gone.Register(() => CancelIfNobodyWaits(batch, nobody)))];
        try
        {
            StreamingOptions streaming = new()
            {
                BatchSize = batch.Count,
                PreviewEveryNStep = batch.Exists(b => b.Caller.WantsPreviews) ? options.PreviewEveryNStep : 0
            };
            GenerationRequest[] requests = [.. batch.Select(b => b.Request)];
            await foreach (GeneratedImage image in model.GenerateAsync(requests, streaming, nobody.Token).ConfigureAwait(false))
            {
                QueuedImage queued = batch[image.Index];
                queued.Caller.Give(image with { Index = queued.Index });
            }

            LogBatch(batch.Count, clock.Elapsed.TotalMilliseconds);
        }
        catch (OperationCanceledException e)
        {
            LogCancelled(batch.Count);
            batch.ForEach(b => b.Caller.Fail(e));
        }
        catch (Exception e)
        {
            // The error goes to the callers in this batch; the service keeps running for the others.
            LogError(e, batch.Count);
            batch.ForEach(b => b.Caller.Fail(e));
        }
        finally
        {
            watches.ForEach(w => w.Dispose());
        }
    }

    private static void CancelIfNobodyWaits(List<QueuedImage> batch, CancellationTokenSource nobody)
    {
        if (batch.TrueForAll(b => b.Caller.IsGone))
        {
            nobody.Cancel();
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Generated {Count} images in {Milliseconds:F0} ms.")]
    private partial void LogBatch(int count, double milliseconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Cancelled a batch of {Count} images: no caller is waiting for it.")]
    private partial void LogCancelled(int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "A batch of {Count} images failed.")]
    private partial void LogError(Exception exception, int count);
}
