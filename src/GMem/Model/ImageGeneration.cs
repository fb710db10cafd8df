using GMem.Memory;
using GMem.Sampling;
using TorchSharp;

namespace GMem.Model;

/// <summary>From requests to images: entry, snippet and noise of each, the solver, the decoder.</summary>
internal static class ImageGeneration
{
    /// <summary>A snippet whose norm is below this has no direction; the all-zero snippet would be the null condition.</summary>
    private const double SmallestNorm = 1e-6;

    public static GeneratedImages Generate(GMemModel model, IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken)
    {
        ModelCore core = model.Core;
        foreach (GenerationRequest request in requests)
        {
            Validate(model.Memory, request);
        }

        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long[] entries = [.. requests.Select(r => Entry(model.Memory, r))];
        if (requests.Count == 0)
        {
            return new GeneratedImages(torch.empty(0, 3, core.ImageSize, core.ImageSize, dtype: torch.uint8).MoveToOuterDisposeScope(), entries);
        }

        int side = core.ImageSize / core.Autoencoder.DownsamplingFactor;
        long[] seeds = [.. requests.Select(r => r.Seed)];
        long[] shape = [core.Autoencoder.Channels, side, side];
        torch.Tensor noise = SeededNoise.Images(seeds, shape, core.Device);
        torch.Tensor condition = Conditions(model.Memory, requests, entries).to(core.Device);
        Sampler sampler = new(core.Transport, model.Options);
        torch.Tensor latents = sampler.Sample(
            core.Network.forward,
            noise,
            condition,
            sampler.NeedsNullCondition ? core.Network.NullCondition(1) : null,
            sampler.NeedsIncrements ? step => SeededNoise.Increments(seeds, step, shape, core.Device) : null,
            cancellationToken: cancellationToken);
        torch.Tensor pixels = core.Autoencoder.Decode(latents).cpu().contiguous();
        return new GeneratedImages(pixels.MoveToOuterDisposeScope(), entries);
    }

    public static void Validate(MemoryBank memory, GenerationRequest request)
    {
        if (request.MemoryIndex >= 0 && !request.Snippet.IsEmpty)
        {
            throw new ArgumentException($"A request has both MemoryIndex {request.MemoryIndex} and a Snippet; give one of them, or neither to let the seed pick an entry.");
        }

        if (request.MemoryIndex < -1 || request.MemoryIndex >= memory.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(request), request.MemoryIndex, $"MemoryIndex must be from 0 to {memory.Count - 1}, or -1 to let the seed pick an entry.");
        }

        if (!request.Snippet.IsEmpty)
        {
            ValidateSnippet(memory, request.Snippet.Span);
        }
    }

    private static void ValidateSnippet(MemoryBank memory, ReadOnlySpan<float> snippet)
    {
        if (snippet.Length != memory.Dimension)
        {
            throw new ArgumentException($"The Snippet has {snippet.Length} entries, but this model's snippets have {memory.Dimension}.");
        }

        double norm = Norm(snippet);
        if (!double.IsFinite(norm))
        {
            throw new ArgumentException("The Snippet has entries that are not finite.");
        }

        if (norm < SmallestNorm)
        {
            throw new ArgumentException("The Snippet is all zeros (or nearly so), which stands for no memory at all; leave it empty to let the seed pick an entry.");
        }
    }

    private static long Entry(MemoryBank memory, GenerationRequest request) =>
        !request.Snippet.IsEmpty ? -1
        : request.MemoryIndex >= 0 ? request.MemoryIndex
        : memory.IndexFromNoise(SeededNoise.MemoryIndex(request.Seed));

    private static torch.Tensor Conditions(MemoryBank memory, IReadOnlyList<GenerationRequest> requests, long[] entries)
    {
        torch.Tensor rows = memory.Rows([.. entries.Select(e => Math.Max(e, 0))]);
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i] < 0)
            {
                rows[i] = Snippets.Normalize(torch.tensor(requests[i].Snippet.ToArray()));
            }
        }

        return rows;
    }

    private static double Norm(ReadOnlySpan<float> snippet)
    {
        double sum = 0;
        foreach (float x in snippet)
        {
            sum += (double)x * x;
        }

        return Math.Sqrt(sum);
    }
}
