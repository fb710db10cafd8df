using GMem.Autoencoders;
using GMem.FileFormats;

namespace GMem.Latents;

/// <summary>Latents that were encoded before.</summary>
/// <remarks>
/// Where an autoencoder gives a distribution, every use of an image draws from it anew, as a function of (seed, step); the public code
/// draws once, when it encodes. Either way the network sees latents as the decoder was trained on them.
/// </remarks>
/// <param name="means">Latents before normalisation.</param>
/// <param name="deviations">Their deviations, or null.</param>
/// <param name="statistics">What they are normalised by, or null.</param>
/// <param name="seed">Seed of what is drawn.</param>
internal sealed class LatentData(RowPair means, RowPair? deviations, LatentStatistics? statistics, long seed) : ITrainingData
{
    public long Count => means.Plain.Count;

    public bool CanMirror => means.CanMirror;

    public RowSource Source => means.Plain;

    public torch.Tensor Batch(long[] indices, bool[] mirrored, long step, torch.Device device, torch.Tensor? augmentation = null)
    {
        if (augmentation is not null)
        {
            throw new NotSupportedException("Latents that were encoded before cannot be augmented.");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor latents = means.Rows(indices, mirrored).to(torch.float32);
        if (deviations is not null)
        {
            using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.LatentNoise, step);
            torch.Tensor noise = torch.randn(latents.shape, dtype: torch.float32, generator: generator);
            latents = latents.Plus(noise.mul_(deviations.Rows(indices, mirrored).to(torch.float32)));
        }

        return (statistics?.Normalize(latents) ?? latents).ToDevice(device).MoveToOuterDisposeScope();
    }
}
