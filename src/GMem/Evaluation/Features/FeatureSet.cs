using GMem.Distributed;
using GMem.Images;

namespace GMem.Evaluation;

/// <summary>The features of a set of images, one row per image.</summary>
public sealed class FeatureSet : IDisposable
{
    /// <summary>Default number of images a feature network processes at a time.</summary>
    public const int DefaultBatchSize = 64;

    private readonly UseCount _uses;

    internal FeatureSet(string name, torch.Tensor features, torch.Tensor? spatialFeatures, torch.Tensor? logits)
    {
        Name = name;
        Features = features.DetachFromDisposeScope();
        SpatialFeatures = spatialFeatures?.DetachFromDisposeScope();
        Logits = logits?.DetachFromDisposeScope();
        (Count, Dimension) = (features.shape[0], (int)features.shape[1]);
        _uses = new UseCount(nameof(FeatureSet), Free);
    }

    /// <summary>Name of the features (<see cref="FeatureExtractor.Name"/>).</summary>
    public string Name { get; }

    /// <summary>N, the number of images.</summary>
    public long Count { get; }

    /// <summary>D, the number of features.</summary>
    public int Dimension { get; }

    /// <summary>float32 <c>[N, D]</c> on the CPU, owned by this object.</summary>
    public torch.Tensor Features { get; }

    /// <summary>Spatial features for the sFID, float32 <c>[N, S]</c> on the CPU, owned by this object; or null.</summary>
    public torch.Tensor? SpatialFeatures { get; }

    /// <summary>
    /// Logits of a classifier for the Inception score, float32 <c>[N, C]</c> on the CPU, owned by this object; or null.
    /// </summary>
    public torch.Tensor? Logits { get; }

    /// <summary>The features of all ranks, one rank's images after the other's.</summary>
    /// <param name="ranks">Who evaluates together; all must call this, with features of one kind.</param>
    /// <returns>A new set, the same on all ranks; dispose it.</returns>
    /// <exception cref="IOException">MPI failed.</exception>
    public FeatureSet Gather(RankGroup ranks)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        using UseScope use = _uses.Hold();
        using DisposeScope scope = torch.NewDisposeScope();
        return new FeatureSet(
            Name, ranks.GatherAll(Features), SpatialFeatures is null ? null : ranks.GatherAll(SpatialFeatures),
            Logits is null ? null : ranks.GatherAll(Logits));
    }

    /// <summary>Creates a set from features computed elsewhere, such as a vector column of an ML.NET pipeline. They are copied.</summary>
    /// <param name="name">Name of the features.</param>
    /// <param name="features">float <c>[N, D]</c>.</param>
    /// <param name="spatialFeatures">float <c>[N, S]</c>, or null.</param>
    /// <param name="logits">float <c>[N, C]</c>, or null.</param>
    /// <returns>A new set; dispose it.</returns>
    /// <exception cref="ArgumentException">An argument is not a matrix of finite floats, or the numbers of rows differ.</exception>
    public static FeatureSet FromFeatures(
        string name, torch.Tensor features, torch.Tensor? spatialFeatures = null, torch.Tensor? logits = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        FeatureMatrix.Check(features, nameof(features));
        foreach ((torch.Tensor? tensor, string parameter) in new[] { (spatialFeatures, nameof(spatialFeatures)), (logits, nameof(logits)) })
        {
            if (tensor is null)
            {
                continue;
            }

            FeatureMatrix.Check(tensor, parameter);
            if (tensor.shape[0] != features.shape[0])
            {
                throw new ArgumentException(
                    $"There are features of {features.shape[0]} images and {parameter} of {tensor.shape[0]}.", parameter);
            }
        }

        using DisposeScope scope = torch.NewDisposeScope();
        return new FeatureSet(
            name, Copy(features), spatialFeatures is null ? null : Copy(spatialFeatures), logits is null ? null : Copy(logits));
    }

    /// <summary>Computes the features of images.</summary>
    /// <param name="extractor">The network.</param>
    /// <param name="images">uint8 <c>[N, C, H, W]</c>, N at least 1: RGB, or grey or RGBA, of which features are computed as if they
    /// were RGB: grey is repeated, and alpha is composited over white.</param>
    /// <param name="batchSize">Images at a time, at least 1. Default 64.</param>
    /// <param name="progress">Receives the number of images done after each batch; may be null.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <returns>A new set; dispose it.</returns>
    /// <exception cref="ArgumentException">The images have the wrong type or shape, or there are none.</exception>
    public static FeatureSet Compute(
        FeatureExtractor extractor,
        torch.Tensor images,
        int batchSize = DefaultBatchSize,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ImageTensors.CheckBatch(images, nameof(images));
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        return Compute(extractor, Batches(images, batchSize), progress, cancellationToken);
    }

    /// <summary>Computes the features of images that do not fit in one tensor or are still being generated.</summary>
    /// <param name="extractor">The network.</param>
    /// <param name="batches">Batches, each uint8 <c>[B, C, H, W]</c>, C = 1, 3 or 4; each is disposed when its features have been computed.</param>
    /// <param name="progress">Receives the number of images done after each batch; may be null.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <returns>A new set; dispose it.</returns>
    /// <exception cref="ArgumentException">The images have the wrong type or shape, or there are none.</exception>
    public static FeatureSet Compute(
        FeatureExtractor extractor,
        IEnumerable<torch.Tensor> batches,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(extractor);
        ArgumentNullException.ThrowIfNull(batches);
        using UseScope use = extractor.Use();
        List<FeatureSet> parts = [];
        try
        {
            long done = 0;
            foreach (torch.Tensor batch in batches)
            {
                using (batch)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    using torch.Tensor rgb = ImageTensors.ToRgb(batch);
                    parts.Add(extractor.ExtractAll(rgb));
                }

                progress?.Report(done += parts[^1].Count);
            }

            return Concatenate(parts);
        }
        finally
        {
            parts.ForEach(p => p.Dispose());
        }
    }

    /// <summary>Computes the mean and covariance of the features.</summary>
    /// <returns>New statistics; dispose them.</returns>
    /// <exception cref="ArgumentException">There are fewer than 2 images.</exception>
    public FeatureStatistics ToStatistics()
    {
        using UseScope use = Use();
        return FeatureStatistics.Compute(Features, Name);
    }

    /// <summary>Frees the tensors; operations in progress finish first.</summary>
    public void Dispose() => _uses.RemoveOwner();

    /// <summary>Keeps the tensors from being freed.</summary>
    /// <exception cref="ObjectDisposedException">The set has been disposed.</exception>
    internal UseScope Use() => _uses.Hold();

    private void Free()
    {
        Features.Dispose();
        SpatialFeatures?.Dispose();
        Logits?.Dispose();
    }

    private static FeatureSet Concatenate(List<FeatureSet> parts)
    {
        if (parts.Count == 0)
        {
            throw new ArgumentException("There are no images to compute features of.", nameof(parts));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        return new FeatureSet(parts[0].Name, Join(p => p.Features)!, Join(p => p.SpatialFeatures), Join(p => p.Logits));

        torch.Tensor? Join(Func<FeatureSet, torch.Tensor?> what) =>
            parts.TrueForAll(p => what(p) is not null) ? torch.cat([.. parts.Select(p => what(p)!)]) : null;
    }

    private static IEnumerable<torch.Tensor> Batches(torch.Tensor images, int batchSize)
    {
        for (long start = 0; start < images.shape[0]; start += batchSize)
        {
            yield return images.narrow(0, start, Math.Min(batchSize, images.shape[0] - start));
        }
    }

    private static torch.Tensor Copy(torch.Tensor tensor)
    {
        torch.Tensor result = torch.empty(tensor.shape, dtype: torch.float32, device: torch.CPU);
        return result.copy_(tensor);
    }
}
