using System.Runtime.CompilerServices;
using System.Threading.Channels;
using GMem.Images;
using GMem.Memory;
using GMem.Sampling;

namespace GMem;

/// <summary>Generation on a thread of its own, read as a stream.</summary>
internal static class ImageStream
{
    public static async IAsyncEnumerable<GeneratedImage> Read(
        GMemModel model, GenerationRequest[] requests, StreamingOptions options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using GMemModel handle = model.Share();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<GeneratedImage> images = Channel.CreateBounded<GeneratedImage>(
            new BoundedChannelOptions(options.BatchSize) { SingleReader = true, SingleWriter = true });
        Task work = Task.Run(() => Write(handle, requests, options, images.Writer, stop.Token), CancellationToken.None);
        try
        {
            // Not cancelled here: the writer closes the channel when it has stopped, so nothing is at work any more when the reader hears
            // of it.
            await foreach (GeneratedImage image in images.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return image;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(false);
        }
    }

    /// <summary>Never throws: an error closes the channel, from which the reader gets it.</summary>
    private static void Write(
        GMemModel model, GenerationRequest[] requests, StreamingOptions options, ChannelWriter<GeneratedImage> images,
        CancellationToken cancellationToken)
    {
        Exception? error = null;
        try
        {
            for (int first = 0; first < requests.Length; first += options.BatchSize)
            {
                ArraySegment<GenerationRequest> batch = new(requests, first, Math.Min(options.BatchSize, requests.Length - first));
                int offset = first;
                Put(
                    ImageGeneration.Generate(
                        model, batch, cancellationToken, options.PreviewEveryNStep, preview => Put(preview, offset), options.Progress),
                    offset);
            }
        }
        catch (Exception e)
        {
            error = e;
        }

        _ = images.TryComplete(error);

        void Put(IReadOnlyList<GeneratedImage> made, int offset)
        {
            foreach (GeneratedImage image in made)
            {
                // The thread waits while the reader is behind.
                GeneratedImage numbered = image with { Index = offset + image.Index };
                if (!images.TryWrite(numbered))
                {
                    images.WriteAsync(numbered, cancellationToken).AsTask().GetAwaiter().GetResult();
                }
            }
        }
    }
}
