using GMem.Backbone;
using GMem.Images;
using GMem.Memory;
using GMem.Sampling;

namespace GMem;

/// <summary>From requests to images: conditions and noise of each, the solver, the decoder.</summary>
internal static class ImageGeneration
{
    public static IReadOnlyList<GeneratedImage> Generate(
        GMemModel model,
        IReadOnlyList<GenerationRequest> requests,
        CancellationToken cancellationToken,
        int previewEveryNStep = 0,
        Action<IReadOnlyList<GeneratedImage>>? preview = null,
        IProgress<SamplingProgress>? progress = null)
    {
        ResolvedPrompts prompts = new(model, requests);

        // A solver has one time for all rows, so those that start at the same time are made together; whether anything is kept counts too.
        int[][] groups = [.. Enumerable.Range(0, requests.Count)
            .GroupBy(i => (requests[i].Strength ?? 1, requests[i].PromptMask is null)).Select(group => group.ToArray())];
        if (groups.Length <= 1)
        {
            return requests.Count == 0 ? [] : Together(model, prompts, requests, cancellationToken, previewEveryNStep, preview, progress);
        }

        GeneratedImage[] images = new GeneratedImage[requests.Count];
        foreach (int[] group in groups)
        {
            GenerationRequest[] some = [.. group.Select(i => requests[i])];
            IEnumerable<GeneratedImage> Placed(IEnumerable<GeneratedImage> made) => made.Select(m => m with { Index = group[m.Index] });
            foreach (GeneratedImage made in Placed(Together(
                model, new ResolvedPrompts(model, some), some, cancellationToken, previewEveryNStep,
                early => preview?.Invoke([.. Placed(early)]), progress)))
            {
                images[made.Index] = made;
            }
        }

        return images;
    }

    /// <summary>Requests of one strength, all with a mask or none.</summary>
    private static GeneratedImage[] Together(
        GMemModel model,
        ResolvedPrompts prompts,
        IReadOnlyList<GenerationRequest> requests,
        CancellationToken cancellationToken,
        int previewEveryNStep,
        Action<IReadOnlyList<GeneratedImage>>? preview,
        IProgress<SamplingProgress>? progress)
    {
        ModelCore core = model.Core;
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long[] seeds = [.. requests.Select(r => r.Seed)];
        long[] shape = core.LatentShape;
        torch.Tensor noise = Noise(requests, seeds, shape, core.Device);
        Sampler sampler = new(core.Transport, model.Sampling);
        PromptConditions conditions = new(core, prompts, seeds.Length, sampler.NeedsNullCondition);
        StartingPictures? pictures = StartingPictures.Of(core, requests);
        torch.Tensor latents = noise;
        if (previewEveryNStep > 0)
        {
            latents = Sample(
                0, seeds.Length, new SamplingPreview(
                    previewEveryNStep, (estimate, reached) => preview?.Invoke(Pictures(estimate, reached))));
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

        return Pictures(latents, reached: null);

        torch.Tensor Sample(int begin, int count, SamplingPreview? watch)
        {
            long[] some = seeds[begin..(begin + count)];
            return sampler.Sample(
                core.Velocity,
                noise.narrow(0, begin, count),
                conditions.Embedding?.narrow(0, begin, count),
                conditions.NullEmbedding,
                sampler.NeedsIncrements ? step => SeededNoise.Increments(some, step, shape, core.Device) : null,
                progress: begin == 0 ? progress : null,
                preview: watch,
                source: conditions.Source?.Rows(begin, count),
                picture: pictures?.Start(
                    begin, count, model.Sampling.Resamplings, draw => SeededNoise.Repainting(some, draw, shape, core.Device)),
                flowMap: core.MeanVelocity,
                cancellationToken: cancellationToken);
        }

        GeneratedImage[] Pictures(torch.Tensor data, SamplingProgress? reached)
        {
            using torch.Tensor decoded = core.Autoencoder.Decode(data);
            using torch.Tensor onHost = decoded.cpu();
            using torch.Tensor pixels = pictures?.Composite(onHost) ?? onHost.contiguous();
            return [.. ImageTensors.FromTensor(pixels)
                .Select((image, i) => new GeneratedImage(i, requests[i], image, prompts.EntryOf(i), prompts.LabelOf(i), reached))];
        }
    }

    /// <summary>The noise of each request: its own, or that of its seed.</summary>
    private static torch.Tensor Noise(
        IReadOnlyList<GenerationRequest> requests, long[] seeds, long[] shape, torch.Device device)
    {
        torch.Tensor noise = SeededNoise.Images(seeds, shape, device);
        for (int i = 0; i < seeds.Length; i++)
        {
            if (!requests[i].Noise.IsEmpty)
            {
                _ = noise[i].copy_(torch.tensor(requests[i].Noise.ToArray()).view(shape));
            }
        }

        return noise;
    }

    /// <summary>For each request the cosine of its snippet to the nearest entry of the bank; 1 where the snippet is an entry's.</summary>
    public static float[] NearestCosines(GMemModel model, IReadOnlyList<GenerationRequest> requests)
    {
        ResolvedPrompts prompts = new(model, requests);
        float[] cosines = new float[requests.Count];
        Array.Fill(cosines, 1);
        int[] brought = [.. Enumerable.Range(0, requests.Count).Where(i => !prompts.HasEntrysSnippet(i) && !prompts.SnippetOf(i).IsEmpty)];
        if (brought.Length == 0)
        {
            return cosines;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor snippets = torch.stack([.. brought.Select(i => torch.tensor(prompts.SnippetOf(i).ToArray()))]);
        MemoryNeighbor[][] nearest = model.Memory.Nearest(snippets, 1);

        // The search's own cosines come out of a product whose last bit depends on how many were searched for at once.
        torch.Tensor entries = model.Memory.Rows([.. nearest.Select(n => n[0].Index)]);
        float[] exact = [.. snippets.to(torch.float64).mul(entries).sum(dim: 1).to(torch.float32).data<float>()];
        for (int i = 0; i < brought.Length; i++)
        {
            cosines[brought[i]] = Math.Clamp(exact[i], -1, 1);
        }

        return cosines;
    }
}
