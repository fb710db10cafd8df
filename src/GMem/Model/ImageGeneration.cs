using GMem.Backbone;
using GMem.Memory;
using GMem.Sampling;
using TorchSharp;

namespace GMem.Model;

/// <summary>From requests to images: entry, snippet and noise of each, the solver, the decoder.</summary>
internal static class ImageGeneration
{
    /// <summary>A snippet whose norm is below this has no direction; the all-zero snippet would be the null condition.</summary>
    private const double SmallestNorm = 1e-6;

    public static GeneratedImages Generate(
        GMemModel model, IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken, int previewEveryNStep = 0, Action<GeneratedImages, SamplingProgress>? preview = null)
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
        torch.Tensor? condition = Conditions(core.Network.Options.Condition, model.Memory, requests, entries)?.to(core.Device);
        Sampler sampler = new(core.Transport, model.Options);
        torch.Tensor latents = noise;
        if (previewEveryNStep > 0)
        {
            latents = Sample(0, seeds.Length, new SamplingPreview(previewEveryNStep, (estimate, progress) => preview?.Invoke(Decode(estimate), progress)));
        }
        else
        {
            // Into the noise, of which each range is needed by itself alone.
            GenerationTeam.Run(core.Network.Options, core.Device, seeds.Length, (begin, count) =>
            {
                using IDisposable noGradients = torch.no_grad();
                using DisposeScope ofThread = torch.NewDisposeScope();
                _ = noise.narrow(0, begin, count).copy_(Sample(begin, count, null));
            });
        }

        return new GeneratedImages(Decode(latents).Pixels.MoveToOuterDisposeScope(), entries);

        torch.Tensor Sample(int begin, int count, SamplingPreview? watch)
        {
            long[] some = seeds[begin..(begin + count)];
            return sampler.Sample(
                core.Network.forward,
                noise.narrow(0, begin, count),
                condition?.narrow(0, begin, count),
                sampler.NeedsNullCondition ? core.Network.NullCondition(1) : null,
                sampler.NeedsIncrements ? step => SeededNoise.Increments(some, step, shape, core.Device) : null,
                preview: watch,
                cancellationToken: cancellationToken);
        }

        GeneratedImages Decode(torch.Tensor data) => new(core.Autoencoder.Decode(data).cpu().contiguous(), entries);
    }

    public static void Validate(MemoryBank memory, GenerationRequest request)
    {
        CheckOnePrompt(request);
        if (request.MemoryIndex < -1 || request.MemoryIndex >= memory.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(request), request.MemoryIndex, $"MemoryIndex must be from 0 to {memory.Count - 1}, or -1 to let the seed pick an entry.");
        }

        if (!request.Snippet.IsEmpty)
        {
            ValidateSnippet(memory, request.Snippet.Span);
        }

        if (!string.IsNullOrEmpty(request.Label))
        {
            // Draws, so that a label whose entries all have weight 0 is refused here too.
            _ = memory.IndexFromNoise(0, request.Label);
        }
    }

    /// <summary>The entry that a request is made from; -1 where it brings its snippet.</summary>
    public static long Entry(MemoryBank memory, GenerationRequest request) =>
        !request.Snippet.IsEmpty ? -1
        : request.MemoryIndex >= 0 ? request.MemoryIndex
        : memory.IndexFromNoise(SeededNoise.MemoryIndex(request.Seed), string.IsNullOrEmpty(request.Label) ? null : request.Label);

    /// <summary>For each request the cosine of its snippet to the nearest entry of the bank; 1 where the snippet is an entry's.</summary>
    public static float[] NearestCosines(MemoryBank memory, IReadOnlyList<GenerationRequest> requests)
    {
        float[] cosines = new float[requests.Count];
        Array.Fill(cosines, 1);
        int[] brought = [.. Enumerable.Range(0, requests.Count).Where(i => !requests[i].Snippet.IsEmpty)];
        if (brought.Length == 0)
        {
            return cosines;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor snippets = torch.stack([.. brought.Select(i => Normalized(requests[i].Snippet))]);
        MemoryNeighbor[][] nearest = memory.Nearest(snippets, 1);

        // The search's own cosines come out of a product whose last bit depends on how many were searched for at once.
        torch.Tensor entries = memory.Rows([.. nearest.Select(n => n[0].Index)]);
        float[] exact = [.. snippets.to(torch.float64).mul(entries).sum(dim: 1).to(torch.float32).data<float>()];
        for (int i = 0; i < brought.Length; i++)
        {
            cosines[brought[i]] = Math.Clamp(exact[i], -1, 1);
        }

        return cosines;
    }

    private static void CheckOnePrompt(GenerationRequest request)
    {
        List<string> given = [];
        if (request.MemoryIndex >= 0)
        {
            given.Add($"MemoryIndex {request.MemoryIndex}");
        }

        if (!request.Snippet.IsEmpty)
        {
            given.Add("a Snippet");
        }

        if (!string.IsNullOrEmpty(request.Label))
        {
            given.Add($"the Label '{request.Label}'");
        }

        if (given.Count > 1)
        {
            throw new ArgumentException($"A request has {string.Join(" and ", given)}; give one of them, or none to let the seed pick an entry.");
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

    private static torch.Tensor? Conditions(ConditionKind kind, MemoryBank memory, IReadOnlyList<GenerationRequest> requests, long[] entries)
    {
        if (kind == ConditionKind.None)
        {
            return null;
        }

        torch.Tensor rows = memory.Rows([.. entries.Select(e => Math.Max(e, 0))]);
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i] < 0)
            {
                rows[i] = Normalized(requests[i].Snippet);
            }
        }

        return kind == ConditionKind.Label ? ClassBank.Classes(rows) : rows;
    }

    private static torch.Tensor Normalized(ReadOnlyMemory<float> snippet) => Snippets.Normalize(torch.tensor(snippet.ToArray()));

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
