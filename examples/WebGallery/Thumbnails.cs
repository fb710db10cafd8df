using GMem;
using GMem.Extensions;
using GMem.Images;
using GMem.Memory;
using GMem.Sampling;

namespace WebGallery;

/// <summary>
/// Small pictures of memory entries. A memory keeps snippets, no pictures, so each is drawn from its entry, in few steps, when the first
/// visitor asks; every visitor gets the same ones.
/// </summary>
internal sealed class Thumbnails
{
    private const int Most = 48;
    private const int AtOnce = 16;

    private readonly ImageService _images;
    private readonly Dictionary<long, TaskCompletionSource<byte[]>> _pictures;
    private readonly Lazy<Task> _drawing;

    public Thumbnails(ImageService images)
    {
        _images = images;
        long count = Math.Min(Most, images.Memory.Count);
        Entries = [.. Enumerable.Range(0, (int)count).Select(i => images.Memory.Entry(i * images.Memory.Count / count))];
        _pictures = Entries.ToDictionary(
            entry => entry.Index, _ => new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously));
        _drawing = new(DrawAsync);
    }

    /// <summary>The entries that the page shows, spread over the memory.</summary>
    public IReadOnlyList<MemoryEntry> Entries { get; }

    /// <summary>The picture of an entry, as PNG.</summary>
    /// <exception cref="ArgumentException">The page does not show the entry.</exception>
    public Task<byte[]> Of(long memory)
    {
        TaskCompletionSource<byte[]> picture = _pictures.GetValueOrDefault(memory)
            ?? throw new ArgumentException($"There is no thumbnail of memory {memory}.");
        _ = _drawing.Value;
        return picture.Task;
    }

    private async Task DrawAsync()
    {
        ImageCallOptions call = new() { Sampling = new SamplingOptions { Steps = 6 }, Timeout = TimeSpan.FromHours(1) };
        try
        {
            foreach (MemoryEntry[] part in Entries.Chunk(AtOnce))
            {
                GenerationRequest[] requests = [.. part.Select(entry => new GenerationRequest(Seed: 0, entry.Index))];
                await foreach (GeneratedImage image in _images.GenerateAsync(requests, call))
                {
                    _pictures[image.Entry!.Value.Index].SetResult(PngWriter.Encode(image.Image));
                }
            }
        }
        catch (Exception e)
        {
            foreach (TaskCompletionSource<byte[]> picture in _pictures.Values)
            {
                _ = picture.TrySetException(e);
            }
        }
    }
}
