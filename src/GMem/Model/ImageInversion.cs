using GMem.Images;
using GMem.Sampling;

namespace GMem;

/// <summary>From pictures to the noise of which the model makes them, and back.</summary>
internal static class ImageInversion
{
    public static IReadOnlyList<InvertedImage> Invert(
        GMemModel model, IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken)
    {
        foreach (GenerationRequest request in requests)
        {
            Check(request);
        }

        // At full strength nothing is left of the picture but its memory, so the same requests then make it of the noise.
        GenerationRequest[] pictures = [.. requests.Select(r => r with { Strength = 1 })];
        ResolvedPrompts prompts = new(model, pictures);
        if (pictures.Length == 0)
        {
            return [];
        }

        ModelCore core = model.Core;
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pixels = ImageTensors.ToTensor([.. pictures.Select(r => CenterCrop.Apply(r.PromptImage!, core.ImageShape))]);
        torch.Tensor latents = StartingPictures.Encode(core, pixels);
        Sampler sampler = new(core.Transport, model.Sampling);
        PromptConditions conditions = new(core, prompts, pictures.Length, sampler.NeedsNullCondition);
        torch.Tensor noise = sampler.Invert(
            core.Velocity, latents, conditions.Embedding, conditions.NullEmbedding, source: conditions.Source,
            cancellationToken: cancellationToken);
        float[][] noises = [.. noise.flatten(1).cpu().unbind().Select(row => row.data<float>().ToArray())];
        IReadOnlyList<GeneratedImage> again =
            ImageGeneration.Generate(model, [.. pictures.Select((r, i) => r with { Noise = noises[i] })], cancellationToken);
        torch.Tensor expected = core.Autoencoder.Decode(latents).cpu().to(torch.float32);
        torch.Tensor made = ImageTensors.ToTensor([.. again.Select(image => image.Image)]).to(torch.float32);
        double[] errors = [.. made.sub_(expected).Squared().flatten(1).mean([1]).sqrt_().to(torch.float64).data<double>()];
        return [.. again.Select((image, i) => new InvertedImage(i, requests[i], noises[i], image.Image, errors[i]))];
    }

    private static void Check(GenerationRequest request)
    {
        string? extra = request.Strength is not null ? "Strength" : request.PromptMask is not null ? "PromptMask"
            : !request.Noise.IsEmpty ? "Noise" : null;
        if (extra is not null)
        {
            throw new ArgumentException($"The request has a {extra}, which means nothing to an inversion; leave it out.");
        }

        if (request.PromptImage is null)
        {
            throw new ArgumentException("The request has no PromptImage: give the picture to invert.");
        }
    }
}
