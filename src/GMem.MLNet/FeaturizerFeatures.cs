using System.Runtime.ExceptionServices;
using GMem.Evaluation;
using GMem.Images;
using GMem.MLNet.Featurization;
using GMem.Runtime;
using TorchSharp;

namespace GMem.MLNet;

/// <summary>The vectors of an ML.NET featurizer as features by which images are judged. Thread-safe.</summary>
public sealed class FeaturizerFeatures : FeatureExtractor
{
    private readonly FeaturizerScorer _scorer;

    /// <summary>Features of a fitted featurizer.</summary>
    /// <param name="featurizer">The fitted featurizer, which works row by row; disposed with this.</param>
    /// <param name="name">What the features are called, unique to them: the network, what it was trained on, its input size.</param>
    /// <param name="imageColumnName">The column of images that it reads. Default <c>Image</c>.</param>
    /// <param name="featureColumnName">The vector that it makes. Default <c>Features</c>.</param>
    /// <exception cref="ArgumentException">It does not make a vector of Single of known size of an image.</exception>
    public FeaturizerFeatures(
        ITransformer featurizer, string name, string imageColumnName = "Image", string featureColumnName = "Features")
    {
        ArgumentNullException.ThrowIfNull(featurizer);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
        _scorer = new FeaturizerScorer(featurizer, new FeaturizerColumns(imageColumnName, featureColumnName));
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override int Dimension => _scorer.Dimension;

    /// <summary>A view without rows, to fit a featurizer to that learns nothing.</summary>
    /// <param name="imageColumnName">The column of images. Default <c>Image</c>.</param>
    /// <returns>The view.</returns>
    public static IDataView NoImages(string imageColumnName = "Image")
    {
        ArgumentException.ThrowIfNullOrEmpty(imageColumnName);
        return new PartView(new FeaturizerColumns(imageColumnName, ""), () => []);
    }

    /// <inheritdoc/>
    public override torch.Tensor Extract(torch.Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        IReadOnlyList<RgbImage> pictures = ImageTensors.FromTensor(images);
        float[][] features = new float[pictures.Count][];
        try
        {
            _ = Parallel.For(0, pictures.Count, i => features[i] = _scorer.Score(pictures[i]));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        return torch.tensor([.. features.SelectMany(f => f)], [images.shape[0], Dimension]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _scorer.Dispose();
}
