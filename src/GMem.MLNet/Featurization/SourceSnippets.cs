using GMem.Encoders;
using GMem.Images;
using GMem.MLNet.Columns;
using GMem.MLNet.Training;
using GMem.Runtime;
using TorchSharp;

namespace GMem.MLNet.Featurization;

/// <summary>
/// Makes snippets of training images at the resolution that they have, while they are read: what is kept of them has the size of the model.
/// </summary>
internal sealed class SourceSnippets : IDisposable
{
    private readonly FeaturizerScorer? _scorer;
    private readonly int? _dimension;
    private readonly ImageShape _shape;
    private readonly GrowingTensor _plain;
    private readonly GrowingTensor? _mirrored;
    private SnippetEncoder? _encoder;

    private SourceSnippets(FeaturizerScorer? scorer, SnippetEncoder? encoder, GMemTrainer.Options options, long? rows)
    {
        _scorer = scorer;
        _encoder = encoder;
        _dimension = options.SnippetDimension;
        _shape = options.ImageShape;
        int size = scorer?.Dimension ?? encoder!.Dimension;
        _plain = new GrowingTensor(rows, [size], torch.float32);
        _mirrored = options.Training.HorizontalFlip ? new GrowingTensor(rows, [size], torch.float32) : null;
    }

    /// <summary>Null where the images of the model's size do.</summary>
    /// <exception cref="ArgumentException">The featurizer does not make a vector of an image.</exception>
    public static SourceSnippets? Of(IDataView view, DataViewSchema.Column images, GMemTrainer.Options options)
    {
        if (options.SnippetColumnName is not null)
        {
            return null;
        }

        if (options.Featurizer is { } estimator)
        {
            FeaturizerColumns columns = new(options.FeaturizerImageColumnName, options.FeaturizerOutputColumnName);
            IDataView parts = PartView.Of(columns, view, images, options);
            return new SourceSnippets(FeaturizerScorer.Owning(estimator.Fit(parts), columns), null, options, view.GetRowCount());
        }

        return (options.Encoder ?? options.InitialModel?.Encoder) is { UsesSourceResolution: true } encoder
            ? new SourceSnippets(null, encoder, options, view.GetRowCount())
            : null;
    }

    /// <summary>The vectors of an image and, where they are wanted, of its mirror image. May be called on several threads.</summary>
    public (float[] Plain, float[]? Mirrored) Read(RgbImage image)
    {
        RgbImage part = CenterCrop.RgbPart(image, _shape);
        return (VectorOf(part), _mirrored is null ? null : VectorOf(Mirror(part)));
    }

    /// <summary>Keeps them as those of the next row.</summary>
    public void Add(DecodedRow row)
    {
        _plain.Append(row.Features);
        _mirrored?.Append(row.MirroredFeatures);
    }

    /// <summary>Fits the reduction and makes the snippets; called once.</summary>
    /// <param name="sources">A source for each image, or null.</param>
    /// <param name="labels">A label for each image, or null.</param>
    /// <exception cref="ArgumentException">The vectors are all equal or too long.</exception>
    public ImageStore.Annotations Finish(IReadOnlyList<string>? sources, IReadOnlyList<string>? labels)
    {
        using torch.Tensor plain = _plain.Rows();
        using torch.Tensor? mirrored = _mirrored?.Rows();
        if (_scorer is null)
        {
            return new ImageStore.Annotations(plain.clone(), mirrored?.clone(), _encoder, sources, labels);
        }

        SnippetReduction reduction = SnippetReduction.Fit(plain, _dimension);
        _encoder = new FeaturizerEncoder(_scorer, reduction);
        return new ImageStore.Annotations(
            reduction.Apply(plain), mirrored is null ? null : reduction.Apply(mirrored), _encoder, sources, labels);
    }

    /// <summary>What was handed over is kept: the encoder has counted uses.</summary>
    public void Dispose()
    {
        _plain.Dispose();
        _mirrored?.Dispose();
        if (_scorer is not null)
        {
            ((IDisposable?)_encoder ?? _scorer).Dispose();
        }
    }

    private static RgbImage Mirror(RgbImage image)
    {
        byte[] pixels = new byte[image.Pixels.Length];
        for (int y = 0, at = 0; y < image.Height; y++)
        {
            for (int x = image.Width - 1; x >= 0; x--, at += image.Channels)
            {
                image.Pixels.AsSpan(((y * image.Width) + x) * image.Channels, image.Channels).CopyTo(pixels.AsSpan(at));
            }
        }

        return new RgbImage(image.Width, image.Height, pixels);
    }

    private float[] VectorOf(RgbImage part)
    {
        if (_scorer is not null)
        {
            return _scorer.Score(part);
        }

        using UseScope use = _encoder!.Use();
        using torch.Tensor images = ImageTensors.ToTensor([part]), snippet = _encoder.Encode(images);
        return [.. snippet.data<float>()];
    }
}
