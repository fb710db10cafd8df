using GMem.FileFormats;

namespace GMem.Autoencoders;

/// <summary>Mean and standard deviation of each latent channel over a data set. The network learns latents brought to mean 0 and deviation
/// 1 by them.</summary>
public sealed class LatentStatistics
{
    /// <summary>Makes statistics from known numbers.</summary>
    /// <param name="mean">Mean of each channel.</param>
    /// <param name="standardDeviation">Standard deviation of each channel; above 0.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a number cannot be used.</exception>
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
    /// <param name="factor">What latents are multiplied by; above 0.</param>
    /// <returns>Means of 0 and deviations of 1 / factor.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is not above 0.</exception>
    public static LatentStatistics FromScale(int channels, double factor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(factor);
        return new LatentStatistics(new float[channels], [.. Enumerable.Repeat((float)(1 / factor), channels)]);
    }

    /// <summary>Goes over latents once, in double precision.</summary>
    /// <param name="latents">Batches <c>[B, C, h, w]</c>; they stay the caller's.</param>
    /// <returns>Mean and standard deviation (of the population) of each channel.</returns>
    /// <exception cref="ArgumentException">There are no latents, their channels differ, or a channel is constant or not finite.</exception>
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

    /// <summary>Reads the statistics which LightningDiT keeps beside its latents: tensors <c>mean</c> and <c>std</c>, with C entries
    /// each.</summary>
    /// <param name="path">A <c>.safetensors</c> file, or the <c>.pt</c> file as published.</param>
    /// <returns>The statistics in it.</returns>
    /// <exception cref="InvalidDataException">It lacks one of the tensors, or they cannot be used.</exception>
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

    /// <summary>Brings latents to mean 0 and deviation 1 a channel.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <returns>New tensor of the same shape.</returns>
    /// <exception cref="ArgumentException">The latents have another number of channels.</exception>
    internal torch.Tensor Normalize(torch.Tensor latents)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor mean, torch.Tensor deviation) = Like(latents);
        return (latents - mean).div_(deviation).MoveToOuterDisposeScope();
    }

    /// <summary>The inverse of <see cref="Normalize"/>.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <returns>New tensor of the same shape.</returns>
    /// <exception cref="ArgumentException">The latents have another number of channels.</exception>
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
