using GMem.Images;

namespace GMem.Evaluation;

/// <summary>
/// Mean and covariance of the features of a set of images: all that the Frechet distance needs to know of it, so reference statistics
/// can be saved once and used again.
/// </summary>
public sealed class FeatureStatistics : IDisposable
{
    internal FeatureStatistics(string? name, long? count, torch.Tensor mean, torch.Tensor covariance)
    {
        Name = name;
        Count = count;
        Mean = mean.DetachFromDisposeScope();
        Covariance = covariance.DetachFromDisposeScope();
    }

    /// <summary>The features' name (<see cref="FeatureExtractor.Name"/>), or null: a file of the usual layout does not say.</summary>
    public string? Name { get; }

    /// <summary>Number of images, or null where a file does not say.</summary>
    public long? Count { get; }

    /// <summary>D, the number of features.</summary>
    public int Dimension => (int)Mean.shape[0];

    /// <summary>Mean, float64 <c>[D]</c> on the CPU. It stays this object's.</summary>
    public torch.Tensor Mean { get; }

    /// <summary>Covariance with divisor N - 1, float64 <c>[D, D]</c> on the CPU. It stays this object's.</summary>
    public torch.Tensor Covariance { get; }

    /// <summary>Statistics of a feature matrix.</summary>
    /// <param name="features">float <c>[N, D]</c>, N at least 2.</param>
    /// <param name="name">The features' name, or null.</param>
    /// <returns>New statistics; dispose them.</returns>
    /// <exception cref="ArgumentException">It is no such matrix, or holds NaN.</exception>
    public static FeatureStatistics Compute(torch.Tensor features, string? name = null)
    {
        FeatureMatrix.Check(features, nameof(features), 2);
        using FeatureStatisticsAccumulator accumulator = new((int)features.shape[1], name);
        accumulator.Add(features);
        return accumulator.ToStatistics();
    }

    /// <summary>Statistics of a given mean and covariance, which are copied.</summary>
    /// <param name="mean">float <c>[D]</c>.</param>
    /// <param name="covariance">float <c>[D, D]</c>, symmetric, divisor N - 1.</param>
    /// <param name="count">Number of images, or null.</param>
    /// <param name="name">The features' name, or null.</param>
    /// <returns>New statistics; dispose them.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or a value is not finite, or the covariance is not symmetric.</exception>
    internal static FeatureStatistics FromMoments(torch.Tensor mean, torch.Tensor covariance, long? count = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(covariance);
        if (Fault(mean, covariance) is string fault)
        {
            throw new ArgumentException($"These are no statistics of features: {fault}.", nameof(covariance));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        return new FeatureStatistics(name, count, Copy(mean), Copy(covariance));
    }

    /// <summary>
    /// Saves the statistics: <c>.npz</c> with <c>mu</c> and <c>sigma</c> as pytorch-fid and ADM have them, or <c>.safetensors</c>.
    /// </summary>
    /// <param name="path">The file; its extension picks the format, an existing file is replaced.</param>
    /// <exception cref="ArgumentException">The extension is another.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there before is untouched.</exception>
    public void Save(string path) => StatisticsFile.Write(path, this);

    /// <summary>Loads statistics: <c>.npz</c> as pytorch-fid and ADM have them, or <c>.safetensors</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="spatial">
    /// Read <c>mu_s</c> and <c>sigma_s</c>, ADM's statistics of spatial features (sFID), instead of <c>mu</c> and <c>sigma</c>.
    /// </param>
    /// <returns>New statistics; dispose them.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It has no such statistics, or is damaged; the message names the file and what is wrong.
    /// </exception>
    public static FeatureStatistics Load(string path, bool spatial = false) => StatisticsFile.Read(path, spatial);

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Covariance.Dispose();
    }

    /// <summary>Refuses statistics of other features. An unknown name is compared with any.</summary>
    internal void CheckComparable(FeatureStatistics other, string parameter)
    {
        if (Dimension != other.Dimension)
        {
            throw new ArgumentException(
                $"The statistics are of {Dimension} and of {other.Dimension} features; both must come from the same feature "
                + "network.", parameter);
        }

        if (Name is not null && other.Name is not null && Name != other.Name)
        {
            throw new ArgumentException(
                $"The statistics are of different features, '{Name}' and '{other.Name}'; their distance means nothing.", parameter);
        }
    }

    /// <returns>What is wrong with a mean and a covariance, or null.</returns>
    internal static string? Fault(torch.Tensor mean, torch.Tensor covariance)
    {
        if (!mean.is_floating_point() || !covariance.is_floating_point() || mean.dim() != 1 || mean.shape[0] == 0 || covariance.dim() != 2
            || covariance.shape[0] != mean.shape[0] || covariance.shape[1] != mean.shape[0])
        {
            return $"the mean is {mean.dtype} {ImageTensors.Shape(mean)} and the covariance {covariance.dtype} "
                + $"{ImageTensors.Shape(covariance)}; expected are floats, [D] and [D, D]";
        }

        using DisposeScope scope = torch.NewDisposeScope();
        if (!mean.isfinite().all().item<bool>() || !covariance.isfinite().all().item<bool>())
        {
            return "a value of the mean or the covariance is not finite";
        }

        // float32 files are symmetric to their own rounding.
        double skew = covariance.sub(covariance.t()).abs().max().to(torch.float64).item<double>();
        double largest = covariance.abs().max().to(torch.float64).item<double>();
        return skew <= 1e-5 * largest ? null : $"the covariance is not symmetric: opposite entries differ by up to {skew:g3}";
    }

    private static torch.Tensor Copy(torch.Tensor tensor)
    {
        torch.Tensor result = torch.empty(tensor.shape, dtype: torch.float64, device: torch.CPU);
        return result.copy_(tensor);
    }
}
