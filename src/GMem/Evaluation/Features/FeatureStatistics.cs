using GMem.Images;

namespace GMem.Evaluation;

/// <summary>
/// Mean and covariance of the features of a set of images. The Frechet distance needs nothing else, so reference statistics can be saved
/// and reused.
/// </summary>
public sealed class FeatureStatistics : IDisposable
{
    private readonly UseCount _uses;

    internal FeatureStatistics(string? name, long? count, torch.Tensor mean, torch.Tensor covariance)
    {
        Name = name;
        Count = count;
        Mean = mean.DetachFromDisposeScope();
        Covariance = covariance.DetachFromDisposeScope();
        Dimension = (int)mean.shape[0];
        _uses = new UseCount(nameof(FeatureStatistics), Free);
    }

    /// <summary>The features' name (<see cref="FeatureExtractor.Name"/>), or null if unknown; files of the usual layout do not store
    /// it.</summary>
    public string? Name { get; }

    /// <summary>Number of images, or null if the file does not store it.</summary>
    public long? Count { get; }

    /// <summary>D, the number of features.</summary>
    public int Dimension { get; }

    /// <summary>Mean, float64 <c>[D]</c> on the CPU, owned by this object.</summary>
    public torch.Tensor Mean { get; }

    /// <summary>Covariance with divisor N - 1, float64 <c>[D, D]</c> on the CPU, owned by this object.</summary>
    public torch.Tensor Covariance { get; }

    /// <summary>Computes the statistics of a feature matrix.</summary>
    /// <param name="features">float <c>[N, D]</c>, N at least 2.</param>
    /// <param name="name">The features' name, or null.</param>
    /// <returns>New statistics; dispose them.</returns>
    /// <exception cref="ArgumentException">The features are not such a matrix, or contain NaN.</exception>
    public static FeatureStatistics Compute(torch.Tensor features, string? name = null)
    {
        FeatureMatrix.Check(features, nameof(features), 2);
        using FeatureStatisticsAccumulator accumulator = new((int)features.shape[1], name);
        accumulator.Add(features);
        return accumulator.ToStatistics();
    }

    /// <summary>Creates statistics from a given mean and covariance, which are copied.</summary>
    /// <param name="mean">float <c>[D]</c>.</param>
    /// <param name="covariance">float <c>[D, D]</c>, symmetric, divisor N - 1.</param>
    /// <param name="count">Number of images, or null.</param>
    /// <param name="name">The features' name, or null.</param>
    /// <returns>New statistics; dispose them.</returns>
    /// <exception cref="ArgumentException">
    /// The shapes do not match, a value is not finite, or the covariance is not symmetric or not positive semidefinite.
    /// </exception>
    internal static FeatureStatistics FromMoments(torch.Tensor mean, torch.Tensor covariance, long? count = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(covariance);
        if (Fault(mean, covariance) is string fault)
        {
            throw new ArgumentException($"These are not valid feature statistics: {fault}.", nameof(covariance));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        return new FeatureStatistics(name, count, Copy(mean), Copy(covariance));
    }

    /// <summary>
    /// Saves the statistics as <c>.npz</c>, with <c>mu</c> and <c>sigma</c> as in pytorch-fid and ADM, or as <c>.safetensors</c>.
    /// </summary>
    /// <param name="path">The file. Its extension determines the format; an existing file is replaced.</param>
    /// <exception cref="ArgumentException">The file extension is not supported.</exception>
    /// <exception cref="IOException">The file cannot be written; an existing file is unchanged.</exception>
    public void Save(string path)
    {
        using UseScope use = Use();
        StatisticsFile.Write(path, this);
    }

    /// <summary>Loads statistics from an <c>.npz</c> file of pytorch-fid or ADM, or from a <c>.safetensors</c> file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="spatial">
    /// Whether to read <c>mu_s</c> and <c>sigma_s</c>, ADM's statistics of spatial features (sFID), instead of <c>mu</c> and <c>sigma</c>.
    /// </param>
    /// <returns>New statistics; dispose them.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The file has no such statistics, or is damaged; the message names the file and the fault.
    /// </exception>
    public static FeatureStatistics Load(string path, bool spatial = false) => StatisticsFile.Read(path, spatial);

    /// <summary>Frees the tensors; operations in progress finish first.</summary>
    public void Dispose() => _uses.RemoveOwner();

    /// <summary>Keeps the tensors from being freed.</summary>
    /// <exception cref="ObjectDisposedException">The statistics have been disposed.</exception>
    internal UseScope Use() => _uses.Hold();

    /// <summary>Throws if the other statistics are of different features. An unknown name matches any name.</summary>
    internal void CheckComparable(FeatureStatistics other, string parameter)
    {
        if (Dimension != other.Dimension)
        {
            throw new ArgumentException(
                $"The statistics are of {Dimension} and {other.Dimension} features; both must come from the same feature "
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
                + $"{ImageTensors.Shape(covariance)}; expected floats [D] and [D, D]";
        }

        using DisposeScope scope = torch.NewDisposeScope();
        if (!mean.isfinite().all().item<bool>() || !covariance.isfinite().all().item<bool>())
        {
            return "a value of the mean or the covariance is not finite";
        }

        // Covariances from float32 files are symmetric only up to float32 rounding.
        double skew = covariance.sub(covariance.t()).abs().max().to(torch.float64).item<double>();
        double largest = covariance.abs().max().to(torch.float64).item<double>();
        if (skew > 1e-5 * largest)
        {
            return $"the covariance is not symmetric: opposite entries differ by up to {skew:g3}";
        }

        return FaultOfVariances(covariance.to(torch.float64, torch.CPU));
    }

    /// <summary>Of a symmetric matrix: variances are not negative, along no direction, by more than float32 rounding.</summary>
    private static string? FaultOfVariances(torch.Tensor covariance)
    {
        torch.Tensor variances = covariance.diagonal();
        double trace = variances.sum().item<double>();
        double smallest = variances.min().item<double>();
        double rounding = 1e-6 * trace;
        if (smallest < -rounding || (trace <= 0 && covariance.abs().max().item<double>() > 0))
        {
            return $"the covariance has a negative variance on its diagonal, {smallest:g3}";
        }

        // A Cholesky factor exists where all eigenvalues are above 0, and takes a tenth of the time that they take.
        torch.Tensor shifted = covariance.Plus(torch.eye(covariance.shape[0], dtype: torch.float64).Times(rounding));
        (_, torch.Tensor info) = torch.linalg.cholesky_ex(shifted);
        return trace == 0 || info.item<int>() == 0 ? null
            : "the covariance is none: along some direction its variance is negative (it is not positive semidefinite)";
    }

    private void Free()
    {
        Mean.Dispose();
        Covariance.Dispose();
    }

    private static torch.Tensor Copy(torch.Tensor tensor)
    {
        torch.Tensor result = torch.empty(tensor.shape, dtype: torch.float64, device: torch.CPU);
        return result.copy_(tensor);
    }
}
