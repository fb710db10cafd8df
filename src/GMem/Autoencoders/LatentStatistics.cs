using GMem.FileFormats;

namespace GMem.Autoencoders;

/// <summary>Mean and standard deviation of each latent channel over a data set. They normalise the latents that the network is trained on
/// to mean 0 and standard deviation 1.</summary>
public sealed class LatentStatistics
{
    /// <summary>Creates statistics from known values.</summary>
    /// <param name="mean">Mean of each channel.</param>
    /// <param name="standardDeviation">Standard deviation of each channel; above 0.</param>
    /// <exception cref="ArgumentException">The lengths differ, a value is not finite, or a deviation is not above 0.</exception>
    public LatentStatistics(IReadOnlyList<float> mean, IReadOnlyList<float> standardDeviation)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(standardDeviation);
        if (mean.Count == 0 || mean.Count != standardDeviation.Count)
        {
            throw new ArgumentException(
                $"Latent statistics need a mean and a deviation for each channel; got {mean.Count} means and {standardDeviation.Count} "
                    + "deviations.");
        }

        int[] bad =
        [
            .. Enumerable.Range(0, mean.Count)
                .Where(c => !float.IsFinite(mean[c]) || !float.IsFinite(standardDeviation[c]) || standardDeviation[c] <= 0),
        ];
        if (bad.Length > 0)
        {
            IEnumerable<string> channels = bad.Select(c => $"{c} (mean {mean[c]}, deviation {standardDeviation[c]})");
            throw new ArgumentException(
                $"Latents cannot be normalised by these statistics: channel {string.Join(", ", channels)}; "
                + "a mean must be finite, a deviation finite and above 0.");
        }

        Mean = [.. mean];
        StandardDeviation = [.. standardDeviation];
    }

    /// <summary>Mean of each channel.</summary>
    public IReadOnlyList<float> Mean { get; }

    /// <summary>Standard deviation of each channel.</summary>
    public IReadOnlyList<float> StandardDeviation { get; }

    /// <summary>Statistics that only scale, such as the Stable Diffusion autoencoder's factor 0.18215.</summary>
    /// <param name="channels">Channels of a latent.</param>
    /// <param name="factor">Factor that latents are multiplied by; above 0.</param>
    /// <returns>Means of 0 and deviations of 1 / factor.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is not above 0.</exception>
    public static LatentStatistics FromScale(int channels, double factor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(factor);
        return new LatentStatistics(new float[channels], [.. Enumerable.Repeat((float)(1 / factor), channels)]);
    }

    /// <summary>Computes the statistics of latents in one pass, in double precision.</summary>
    /// <param name="latents">Batches <c>[B, C, h, w]</c>; the caller keeps ownership.</param>
    /// <returns>Mean and population standard deviation of each channel.</returns>
    /// <exception cref="ArgumentException">There are no latents, batches differ in their number of channels, or a channel is constant or
    /// not finite.</exception>
    public static LatentStatistics Compute(IEnumerable<torch.Tensor> latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using LatentMoments moments = new();
        foreach (torch.Tensor batch in latents)
        {
            moments.Add(batch);
        }

        return moments.ToStatistics();
    }

    /// <summary>Reads the statistics that LightningDiT stores beside its latents: tensors <c>mean</c> and <c>std</c>, with C entries
    /// each.</summary>
    /// <param name="path">A <c>.safetensors</c> file, or the <c>.pt</c> file as published.</param>
    /// <returns>The statistics in the file.</returns>
    /// <exception cref="InvalidDataException">The file lacks one of the tensors, or their values cannot be used.</exception>
    internal static LatentStatistics Read(string path)
    {
        Dictionary<string, torch.Tensor> tensors = WeightsFile.ReadTensors(path);
        try
        {
            return FromTensors(tensors, "mean", "std", path);
        }
        finally
        {
            WeightsFile.Dispose(tensors);
        }
    }

    /// <summary>Normalises latents to mean 0 and standard deviation 1 per channel.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <returns>New tensor of the same shape.</returns>
    /// <exception cref="ArgumentException">The latents have a different number of channels.</exception>
    internal torch.Tensor Normalize(torch.Tensor latents)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor mean, torch.Tensor deviation) = Like(latents);
        return (latents - mean).div_(deviation).MoveToOuterDisposeScope();
    }

    /// <summary>The inverse of <see cref="Normalize"/>.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <returns>New tensor of the same shape.</returns>
    /// <exception cref="ArgumentException">The latents have a different number of channels.</exception>
    internal torch.Tensor Denormalize(torch.Tensor latents)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor mean, torch.Tensor deviation) = Like(latents);
        return (latents * deviation).PlusInPlace(mean).MoveToOuterDisposeScope();
    }

    internal static LatentStatistics FromTensors(
        IReadOnlyDictionary<string, torch.Tensor> tensors, string meanName, string deviationName, string source)
    {
        string[] absent = [.. new[] { meanName, deviationName }.Where(name => !tensors.ContainsKey(name))];
        if (absent.Length > 0)
        {
            throw new InvalidDataException($"'{source}' holds no latent statistics: it lacks {string.Join(" and ", absent)}.");
        }

        try
        {
            return new LatentStatistics(Numbers(tensors[meanName]), Numbers(tensors[deviationName]));
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"The latent statistics of '{source}' cannot be used: {error.Message}", error);
        }
    }

    internal static float[] Numbers(torch.Tensor tensor)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return tensor.to(torch.CPU).to(torch.float32).flatten().data<float>().ToArray();
    }

    private (torch.Tensor Mean, torch.Tensor Deviation) Like(torch.Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        if (latents.shape.Length != 4 || latents.shape[1] != Mean.Count)
        {
            throw new ArgumentException(
                $"Latents must be [B, {Mean.Count}, h, w], as the statistics have {Mean.Count} channels; "
                + $"got [{string.Join(", ", latents.shape)}].",
                nameof(latents));
        }

        torch.Tensor Row(IReadOnlyList<float> values) => torch.tensor([.. values]).to(latents.dtype, latents.device).reshape(1, -1, 1, 1);
        return (Row(Mean), Row(StandardDeviation));
    }
}
