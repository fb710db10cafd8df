using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace GMem.Extensions;

/// <summary>Takes images from the queue in batches, generates them, and hands each one to its call.</summary>
internal sealed partial class BatchWorker(ImageServiceOptions options, FairQueue queue, ILogger logger, CancellationToken stop)
{
    /// <summary>Runs until the queue is closed.</summary>
    public async Task RunAsync()
    {
        while (await queue.WaitAsync().ConfigureAwait(false))
        {
            while (queue.Take(options.BatchSize) is { Count: > 0 } batch)
            {
                foreach (IGrouping<GMemModel, QueuedImage> part in batch.GroupBy(image => image.Call.Model))
                {
                    List<QueuedImage> images = [.. part];
                    queue.Finish(images, await MakeAsync(images).ConfigureAwait(false));
                }
            }
        }
    }

    /// <summary>
    /// Generates a batch. If it fails, each half is tried by itself, so that only calls with a row that fails alone get the error.
    /// </summary>
    /// <returns>How long it took; null where not all images were made at once.</returns>
    private async Task<TimeSpan?> MakeAsync(List<QueuedImage> batch)
    {
        try
        {
            long start = Stopwatch.GetTimestamp();
            await GenerateAsync(batch).ConfigureAwait(false);
            TimeSpan length = Stopwatch.GetElapsedTime(start);
            LogBatch(batch.Count, length.TotalMilliseconds);
            return length;
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException
            && (stop.IsCancellationRequested || batch.TrueForAll(b => b.Call.IsGone)))
        {
            LogCancelled(batch.Count);
            batch.ForEach(b => b.Call.Fail(Stopped()));
        }
        catch (Exception e) when (batch.Count > 1)
        {
            LogRetry(e, batch.Count);
            int half = batch.Count / 2;
            _ = await MakeAsync(batch[..half]).ConfigureAwait(false);
            _ = await MakeAsync(batch[half..]).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogError(e);
            queue.Remove(batch[0].Call);
            batch[0].Call.Fail(e);
        }

        return null;
    }

    /// <summary>What waiting callers get when the service is disposed.</summary>
    public static ObjectDisposedException Stopped() =>
        new(nameof(ImageService), "The image service was disposed before the image was finished.");

    private async Task GenerateAsync(List<QueuedImage> batch)
    {
        using CancellationTokenSource nobody = CancellationTokenSource.CreateLinkedTokenSource(stop);
        List<CancellationTokenRegistration> watches = [.. batch.Select(
            b => b.Call.Gone.Register(() => CancelIfNobodyWaits(batch, nobody)))];
        try
        {
            StreamingOptions streaming = new()
            {
                BatchSize = batch.Count,
                PreviewEveryNStep = batch.Exists(b => b.Call.WantsPreviews) ? options.PreviewEveryNStep : 0
            };
            GenerationRequest[] requests = [.. batch.Select(b => b.Request)];
            GMemModel model = batch[0].Call.Model;
            await foreach (GeneratedImage image in model.GenerateAsync(requests, streaming, nobody.Token).ConfigureAwait(false))
            {
                QueuedImage queued = batch[image.Index];
                queued.Call.Give(image with { Index = queued.Index });
            }
        }
        finally
        {
            watches.ForEach(w => w.Dispose());
        }
    }

    private static void CancelIfNobodyWaits(List<QueuedImage> batch, CancellationTokenSource nobody)
    {
        if (batch.TrueForAll(b => b.Call.IsGone))
        {
            nobody.Cancel();
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Generated {Count} images in {Milliseconds:F0} ms.")]
    private partial void LogBatch(int count, double milliseconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Cancelled a batch of {Count} images: no caller is waiting for it.")]
    private partial void LogCancelled(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A batch of {Count} images failed; its halves are tried by themselves.")]
    private partial void LogRetry(Exception exception, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "An image failed.")]
    private partial void LogError(Exception exception);
}
