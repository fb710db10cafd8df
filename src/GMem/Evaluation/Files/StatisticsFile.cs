using GMem.FileFormats;

namespace GMem.Evaluation;

/// <summary>Reads and writes feature statistics: <c>.npz</c> of the usual layout and <c>.safetensors</c>, with the same names.</summary>
internal static class StatisticsFile
{
    private const string Mean = "mu";
    private const string Covariance = "sigma";
    private const string Count = "count";
    private const string FeatureName = "features";
    private const string SpatialSuffix = "_s";

    public static void Write(string path, FeatureStatistics statistics)
    {
        Dictionary<string, torch.Tensor> tensors = new() { [Mean] = statistics.Mean, [Covariance] = statistics.Covariance };
        if (IsNpz(path))
        {
            using torch.Tensor? count = statistics.Count is long n ? torch.tensor(n, dtype: torch.int64) : null;
            if (count is not null)
            {
                tensors[Count] = count;
            }

            NpzFile.Write(path, tensors);
            return;
        }

        Dictionary<string, string> metadata = [];
        if (statistics.Count is long images)
        {
            metadata[Count] = images.ToString(CultureInfo.InvariantCulture);
        }

        if (statistics.Name is string name)
        {
            metadata[FeatureName] = name;
        }

        SafetensorsWriter.Write(path, tensors, metadata);
    }

    public static FeatureStatistics Read(string path, bool spatial)
    {
        bool npz = IsNpz(path);
        GMemRuntime.EnsureLoaded();
        using DisposeScope scope = torch.NewDisposeScope();
        string suffix = spatial ? SpatialSuffix : "";
        return npz ? ReadNpz(path, suffix) : ReadSafetensors(path, suffix);
    }

    private static FeatureStatistics ReadNpz(string path, string suffix)
    {
        Dictionary<string, torch.Tensor> arrays = NpzFile.Read(
            path, name => name == Mean + suffix || name == Covariance + suffix || name == Count, out IReadOnlyList<string> all);
        long? count = arrays.TryGetValue(Count, out torch.Tensor? n) && n.numel() == 1 ? n.to(torch.int64).item<long>() : null;
        return Create(path, arrays, all, suffix, null, count);
    }

    private static FeatureStatistics ReadSafetensors(string path, string suffix)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Dictionary<string, torch.Tensor> tensors = [];
        foreach (string name in new[] { Mean + suffix, Covariance + suffix }.Where(file.Contains))
        {
            tensors[name] = file.Read(name);
        }

        long? count = file.Metadata.TryGetValue(Count, out string? text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long n)
                ? n
                : null;
        return Create(path, tensors, [.. file.Entries.Select(e => e.Name)], suffix, file.Metadata.GetValueOrDefault(FeatureName), count);
    }

    private static FeatureStatistics Create(
        string path, Dictionary<string, torch.Tensor> tensors, IReadOnlyList<string> all, string suffix, string? name, long? count)
    {
        if (!tensors.TryGetValue(Mean + suffix, out torch.Tensor? mean)
            || !tensors.TryGetValue(Covariance + suffix, out torch.Tensor? covariance))
        {
            throw new InvalidDataException(
                $"'{path}' has no feature statistics: expected arrays named {Mean + suffix} and {Covariance + suffix}, but it has "
                    + $"{(all.Count == 0 ? "none" : string.Join(", ", all.Take(10)))}.");
        }

        return FeatureStatistics.Fault(mean, covariance) is string fault
            ? throw new InvalidDataException($"'{path}' has damaged feature statistics: {fault}.")
            : FeatureStatistics.FromMoments(mean, covariance, count is > 1 ? count : null, name);
    }

    private static bool IsNpz(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return extension switch
        {
            ".npz" => true,
            ".safetensors" => false,
            _ => throw new ArgumentException(
                $"'{path}': statistics must be in an .npz or .safetensors file, not '{extension}'.", nameof(path)),
        };
    }
}
