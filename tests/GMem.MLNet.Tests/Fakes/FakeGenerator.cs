using GMem.Images;
using GMem.MLNet.Generation;
using TorchSharp;

namespace GMem.MLNet.Tests.Fakes;

/// <summary>Images that are a function of the request alone, and a record of how they were asked for.</summary>
internal sealed class FakeGenerator : IRowGenerator
{
    private readonly Lock _gate = new();

    public ImageShape ImageShape => 2;

    /// <summary>Entries of the pretended bank; larger indices are refused.</summary>
    public long Entries { get; init; } = 1000;

    /// <summary>How many images each call made.</summary>
    public List<int> Batches { get; } = [];

    public List<GenerationRequest> Requests { get; } = [];

    /// <summary>How many snippets each search was for.</summary>
    public List<int> Searches { get; } = [];

    /// <summary>Labels of the pretended bank.</summary>
    public string[] Labels { get; init; } = ["cat", "dog"];

    public bool TakesLabels => false;

    public bool HasMemory => true;

    public void Validate(GenerationRequest request)
    {
        if (request.MemoryIndex < 0 || request.MemoryIndex >= Entries)
        {
            throw new ArgumentException($"MemoryIndex {request.MemoryIndex} is out of range.");
        }

        if (request.PromptLabel is { Length: > 0 } label && !Labels.Contains(label))
        {
            throw new ArgumentException($"There is no label '{label}'.");
        }
    }

    /// <summary>Entry n has the label n modulo their number.</summary>
    public MemorySource SourceOf(GenerationRequest request)
    {
        long index = MemoryIndex(request);
        return new MemorySource(
            index, index < 0
                ? -1
                : index + 1000, index < 0 ? ""
                : request.PromptLabel is { Length: > 0 } asked ? asked
                : Labels[index % Labels.Length]);
    }

    public IReadOnlyList<float> NearestCosines(IReadOnlyList<GenerationRequest> requests)
    {
        Searches.Add(requests.Count);
        return [.. requests.Select(r => r.Snippet.IsEmpty ? 1 : r.Snippet.Span[0])];
    }

    /// <summary>The mean of red, green and blue.</summary>
    public float[] Encode(RgbImage image) =>
        [.. Enumerable.Range(0, 3).Select(c => (float)image.Pixels.Where((_, i) => i % 3 == c).Average(b => (double)b))];

    /// <summary>The noise of an image is its snippet.</summary>
    public ReadOnlyMemory<float> Invert(RgbImage image, string? label) => Encode(image);

    public IReadOnlyList<RgbImage> Generate(IReadOnlyList<GenerationRequest> requests)
    {
        lock (_gate)
        {
            Batches.Add(requests.Count);
            Requests.AddRange(requests);
        }

        return [.. requests.Select(r => new RgbImage(2, 2, [.. Rgba(r).Where((_, i) => i % 4 < 3)]))];
    }

    /// <summary>What the row's memory index comes out as.</summary>
    public static long MemoryIndex(GenerationRequest request) =>
        !request.Snippet.IsEmpty ? -1 : request.MemoryIndex ?? request.Seed % 10;

    /// <summary>The image as it should come out: red, green, blue of four pixels.</summary>
    public static byte[] Planes(GenerationRequest request)
    {
        byte b = unchecked((byte)(request.Seed + (100 * (request.MemoryIndex ?? -1)) + (long)request.Snippet.ToArray().Sum()));
        return [.. Enumerable.Range(0, 12).Select(i => unchecked((byte)(b + (20 * i))))];
    }

    /// <summary>The image as RGBA.</summary>
    public static byte[] Rgba(GenerationRequest request)
    {
        byte[] p = Planes(request);
        return [.. Enumerable.Range(0, 4).SelectMany(i => new byte[] { p[i], p[4 + i], p[8 + i], 255 })];
    }
}
