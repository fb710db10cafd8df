using GMem.Backbone;
using GMem.Images;
using GMem.Memory;
using GMem.Sampling;
using GMem.Transport;

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
        if (requests.Count == 0)
        {
            return [];
        }

        ModelCore core = model.Core;
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long[] seeds = [.. requests.Select(r => r.Seed)];
        long[] shape = core.Network.Options.InputShape;
        torch.Tensor noise = SeededNoise.Images(seeds, shape, core.Device);
        torch.Tensor[] conditions = [.. prompts.ConditionValues().Select(v => v.to(core.Device))];
        torch.Tensor? embedding = core.Network.EmbedConditions(conditions, seeds.Length);
        Sampler sampler = new(core.Transport, model.Sampling);
        torch.Tensor? nullEmbedding = sampler.NeedsNullCondition ? core.Network.EmbedConditions(core.Network.NullConditions(1), 1) : null;
        GaussianSource? source = core.Source?.Of(core.Network.Conditions, conditions, singly: true);
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
                core.Network.ForwardEmbedded,
                noise.narrow(0, begin, count),
                embedding?.narrow(0, begin, count),
                nullEmbedding,
                sampler.NeedsIncrements ? step => SeededNoise.Increments(some, step, shape, core.Device) : null,
                progress: begin == 0 ? progress : null,
                preview: watch,
                source: source?.Rows(begin, count),
                cancellationToken: cancellationToken);
        }

        GeneratedImage[] Pictures(torch.Tensor data, SamplingProgress? reached)
        {
            using torch.Tensor decoded = core.Autoencoder.Decode(data);
            using torch.Tensor onHost = decoded.cpu();
            using torch.Tensor pixels = onHost.contiguous();
            return [.. ImageTensors.FromTensor(pixels)
                .Select((image, i) => new GeneratedImage(i, requests[i], image, prompts.EntryOf(i), prompts.LabelOf(i), reached))];
        }
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
