using System.Runtime.InteropServices;
using GMem.Distributed;
using GMem.Evaluation;
using GMem.Images;
using GMem.MLNet.Evaluation;
using GMem.Runtime;
using TorchSharp;

namespace GMem.MLNet;

public sealed partial class ImageGenerationCatalog
{
    /// <summary>
    /// Compares generated images with real ones: Frechet and kernel distance, precision, recall, density, coverage, and the scores that the
    /// features allow.
    /// </summary>
    /// <param name="real">
    /// Real images, best some that were not trained on. At least 4, and more than the largest k; 10,000 are recommended.
    /// </param>
    /// <param name="generated">
    /// Generated images, for instance a transformer's output; as many. They are generated while they are read, once.
    /// </param>
    /// <param name="realImageColumnName">
    /// Column of real images: paths (text), <c>MLImage</c> or encoded bytes. Default <c>ImagePath</c>.
    /// </param>
    /// <param name="generatedImageColumnName">Column of generated images, of the same kinds. Default <c>GeneratedImage</c>.</param>
    /// <param name="features">
    /// What to compare them by: <see cref="InceptionFeatures"/> for the FID, or any other. They must not be those the model's snippets are
    /// made of. Null: fixed random convolutions (<see cref="RandomConvolutionFeatures"/>), which need no download and are not the FID. Not
    /// disposed.
    /// </param>
    /// <param name="options">Settings of the metrics; null for the defaults.</param>
    /// <param name="training">
    /// The images whose snippets are the memory, in its order, for the copy check (<see cref="CopyCheck"/>); null for no check.
    /// </param>
    /// <param name="trainingImageColumnName">Their column. Default <c>ImagePath</c>.</param>
    /// <param name="memoryIndexColumnName">
    /// Column of <paramref name="generated"/> which says what each image was made from; where it is absent or an image has none (-1),
    /// images are compared with the training image nearest to them. Default <c>MemoryIndex</c>.
    /// </param>
    /// <param name="cancellationToken">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <param name="ranks">
    /// Processes that evaluate together: the views of each then hold its part of the rows, and all get the figures of the whole. Null is
    /// this process alone. Default null.
    /// </param>
    /// <returns>All figures with the counts and what must be known to judge them; its <c>ToString</c> is a table.</returns>
    /// <remarks>Images are cut to the square in their middle and scaled to the generated images' size.</remarks>
    /// <exception cref="ArgumentException">A column is missing or of another type, or there are too few images.</exception>
    /// <exception cref="InvalidDataException">An image cannot be read; the message names it.</exception>
    public ImageGenerationMetrics Evaluate(
        IDataView real,
        IDataView generated,
        string realImageColumnName = "ImagePath",
        string generatedImageColumnName = "GeneratedImage",
        FeatureExtractor? features = null,
        EvaluationOptions? options = null,
        IDataView? training = null,
        string trainingImageColumnName = "ImagePath",
        string? memoryIndexColumnName = "MemoryIndex",
        CancellationToken cancellationToken = default,
        RankGroup? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        ranks ??= RankGroup.Alone;
        options ??= new EvaluationOptions();
        options.Validate();
        ViewImages made = new(generated, "generated", generatedImageColumnName, training is null ? null : memoryIndexColumnName);
        ViewImages actual = new(real, "real", realImageColumnName);
        ViewImages? trained = training is null ? null : new ViewImages(training, "training", trainingImageColumnName);
        using FeatureSource source = new(features);
        ImageShape shape = First(ranks, made.Shape()) with { Channels = options.ImageChannels };
        using FeatureSet realSet = Compute(source, actual, shape, ranks, cancellationToken);
        using FeatureSet generatedSet = Compute(source, made, shape, ranks, cancellationToken);
        CopyCheckResult? copies = null;
        if (trained is not null)
        {
            using FeatureSet trainingSet = Compute(source, trained, shape, ranks, cancellationToken);
            long[] entries = Gather(ranks, made.MemoryIndices);
            bool known = entries.Length > 0 && Array.TrueForAll(entries, i => i >= 0);
            copies = CopyCheck.Compute(trainingSet.Features, generatedSet.Features, known ? entries : null);
        }

        return ImageGenerationEvaluator.Evaluate(realSet, generatedSet, options, copies);
    }

    /// <summary>
    /// Compares generated images with saved statistics of real ones: Frechet distance and, with Inception features, the Inception score.
    /// </summary>
    /// <param name="real">
    /// From <see cref="ComputeStatistics"/> or a file (<see cref="FeatureStatistics.Load"/>), of the same features.
    /// </param>
    /// <param name="generated">Generated images; at least 4, 10,000 are recommended.</param>
    /// <param name="generatedImageColumnName">Column of generated images. Default <c>GeneratedImage</c>.</param>
    /// <param name="features">As in the other overload.</param>
    /// <param name="options">Settings of the metrics; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <param name="ranks">As in the other overload.</param>
    /// <returns>The figures.</returns>
    /// <exception cref="ArgumentException">
    /// A column is missing or of another type, there are too few images, or the statistics are of other features.
    /// </exception>
    public ImageGenerationMetrics Evaluate(
        FeatureStatistics real,
        IDataView generated,
        string generatedImageColumnName = "GeneratedImage",
        FeatureExtractor? features = null,
        EvaluationOptions? options = null,
        CancellationToken cancellationToken = default,
        RankGroup? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        options ??= new EvaluationOptions();
        options.Validate();
        ViewImages made = new(generated, "generated", generatedImageColumnName);
        using FeatureSource source = new(features);
        ranks ??= RankGroup.Alone;
        ImageShape shape = First(ranks, made.Shape()) with { Channels = options.ImageChannels };
        using FeatureSet set = Compute(source, made, shape, ranks, cancellationToken);
        return ImageGenerationEvaluator.Evaluate(real, set, options);
    }

    private static FeatureSet Compute(
        FeatureSource source, ViewImages images, ImageShape shape, RankGroup ranks, CancellationToken cancellationToken)
    {
        FeatureSet own = FeatureSet.Compute(
            source.Extractor, images.Batches(shape, cancellationToken), cancellationToken: cancellationToken);
        if (ranks.Size == 1)
        {
            return own;
        }

        using (own)
        {
            return own.Gather(ranks);
        }
    }

    /// <summary>Images are compared at the size of the very first, which the first rank has.</summary>
    private static ImageShape First(RankGroup ranks, ImageShape own)
    {
        long size = ranks.Broadcast(((long)own.Height << 32) | (uint)own.Width);
        return own with { Height = (int)(size >> 32), Width = (int)(size & uint.MaxValue) };
    }

    private static long[] Gather(RankGroup ranks, List<long> own) =>
    [
        .. ranks.Exchange(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(own)).ToArray())
            .SelectMany(part => MemoryMarshal.Cast<byte, long>(part).ToArray()),
    ];

    /// <summary>Compares features that were made by any part of a pipeline.</summary>
    /// <param name="real">A view with a vector of <see cref="float"/> for each real image.</param>
    /// <param name="generated">A view with one for each generated image.</param>
    /// <param name="featureColumnName">The column, in both views.</param>
    /// <param name="options">Settings of the metrics; null for the defaults.</param>
    /// <returns>The figures.</returns>
    /// <exception cref="ArgumentException">A column is missing or of another type, or there are too few images.</exception>
    public ImageGenerationMetrics EvaluateFeatures(
        IDataView real, IDataView generated, string featureColumnName = "Features", EvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        GMemRuntime.EnsureLoaded();
        string name = $"column '{featureColumnName}' (not FID)";
        using FeatureSet realSet = ViewFeatures.Read(real, "real", featureColumnName, name);
        using FeatureSet generatedSet = ViewFeatures.Read(generated, "generated", featureColumnName, name);
        return ImageGenerationEvaluator.Evaluate(realSet, generatedSet, options);
    }

    /// <summary>
    /// Mean and covariance of the features of real images, to be saved (<see cref="FeatureStatistics.Save"/>) and compared with many times.
    /// </summary>
    /// <param name="images">The images, at least 2.</param>
    /// <param name="shape">
    /// The shape to which they are brought: that of the images which will be generated (<see cref="GMemModel.ImageShape"/>), which a number
    /// makes a square in RGB.
    /// </param>
    /// <param name="imageColumnName">Their column: paths (text), <c>MLImage</c> or encoded bytes. Default <c>ImagePath</c>.</param>
    /// <param name="features">As in <c>Evaluate</c>.</param>
    /// <param name="cancellationToken">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The statistics; dispose them.</returns>
    /// <exception cref="ArgumentException">The column is missing or of another type, or there are too few images.</exception>
    /// <exception cref="InvalidDataException">An image cannot be read; the message names it.</exception>
    public FeatureStatistics ComputeStatistics(
        IDataView images, ImageShape shape, string imageColumnName = "ImagePath", FeatureExtractor? features = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        using FeatureSource source = new(features);
        ViewImages view = new(images, "real", imageColumnName);
        using FeatureSet set = FeatureSet.Compute(
            source.Extractor, view.Batches(shape, cancellationToken), cancellationToken: cancellationToken);
        return set.ToStatistics();
    }

    /// <summary>
    /// Searches how a model samples best: guidance, the shift of the times, and novelty (<see cref="GMemModel.Tune"/>). Take the settings
    /// with <see cref="GMemTransformer.WithSampling"/>.
    /// </summary>
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="real">Pictures that were not trained on, at least 16; they are brought to the model's shape.</param>
    /// <param name="options">What to try; null for the defaults.</param>
    /// <param name="training">
    /// The images that were trained on, by which copies are counted; null counts none, and then novelty is not searched.
    /// </param>
    /// <param name="realImageColumnName">
    /// Column of real pictures: paths (text), <c>MLImage</c> or encoded bytes. Default <c>ImagePath</c>.
    /// </param>
    /// <param name="trainingImageColumnName">That of the training images. Default <c>ImagePath</c>.</param>
    /// <param name="progress">Told of each candidate. Default null.</param>
    /// <param name="cancellationToken">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>What was tried, what won, and what to expect of it.</returns>
    /// <exception cref="ArgumentException">
    /// A column is missing or of another type, there are too few pictures, or the model makes no images of seeds alone.
    /// </exception>
    /// <exception cref="InvalidDataException">An image cannot be read; the message names it.</exception>
    public TuningResult Tune(
        GMemTransformer model,
        IDataView real,
        TuningOptions? options = null,
        IDataView? training = null,
        string realImageColumnName = "ImagePath",
        string trainingImageColumnName = "ImagePath",
        IProgress<TuningCandidate>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(real);
        GMemRuntime.EnsureLoaded();
        using torch.Tensor actual = Pixels(real, "real", realImageColumnName);
        using torch.Tensor? trained = training is null ? null : Pixels(training, "training", trainingImageColumnName);
        return model.Model.Tune(actual, options, trained, progress, cancellationToken);

        torch.Tensor Pixels(IDataView view, string role, string column)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            return torch.cat([.. new ViewImages(view, role, column).Batches(model.Model.ImageShape, cancellationToken)])
                .MoveToOuterDisposeScope();
        }
    }
}
