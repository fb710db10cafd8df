using GMem.Encoders;
using GMem.Images;
using GMem.Latents;
using GMem.Training;
using TorchSharp;

namespace GMem.MLNet.Training;

/// <summary>Where the pixels of training images are put: in memory, or in files of the workspace, which may be larger than it.</summary>
internal abstract class ImageStore : IDisposable
{
    /// <summary>Images so far.</summary>
    public abstract long Count { get; }

    /// <param name="rows">How many there will be, if known.</param>
    /// <param name="shape">Shape of the images.</param>
    /// <param name="workspace">The folder for files; null keeps them in memory.</param>
    public static ImageStore Create(long? rows, ImageShape shape, string? workspace) =>
        workspace is null ? new InMemory(rows, shape) : new InFiles(new TrainingImageFiles(workspace, shape));

    public abstract void Add(RgbImage image);

    /// <summary>Everything so far, to be disposed by the caller; it stays when this is disposed.</summary>
    public abstract TrainingImages Finish(Annotations annotations);

    public abstract void Dispose();

    /// <summary>What is known of the images beside their pixels, one row an image each.</summary>
    /// <param name="Snippets">From a column, or made while reading; null to have an encoder make them.</param>
    /// <param name="MirroredSnippets">Those of the mirror images, where they were made while reading.</param>
    /// <param name="Encoder">What made them.</param>
    /// <param name="Sources">Files.</param>
    /// <param name="Labels">Labels.</param>
    public sealed record Annotations(
        torch.Tensor? Snippets, torch.Tensor? MirroredSnippets, SnippetEncoder? Encoder, IReadOnlyList<string>? Sources,
        IReadOnlyList<string>? Labels)
    {
        /// <summary>Values of conditions by name.</summary>
        public IReadOnlyDictionary<string, torch.Tensor> Values { get; init; } = new Dictionary<string, torch.Tensor>();
    }

    private sealed class InMemory(long? rows, ImageShape shape) : ImageStore
    {
        private readonly GrowingTensor _pixels = new(rows, [shape.Channels, shape.Height, shape.Width], torch.uint8);

        public override long Count => _pixels.Count;

        public override void Add(RgbImage image)
        {
            // Making room may replace the storage, so it comes first.
            long index = _pixels.Append();
            ImageTensors.Write(_pixels.Storage, index, image);
        }

        public override TrainingImages Finish(Annotations annotations) => new(_pixels.Rows(), annotations.Snippets)
        {
            Fit = shape.Fit,
            MirroredSnippets = annotations.MirroredSnippets,
            Encoder = annotations.Encoder,
            Sources = annotations.Sources,
            Labels = annotations.Labels,
            ConditionValues = annotations.Values,
        };

        public override void Dispose() => _pixels.Dispose();
    }

    private sealed class InFiles(TrainingImageFiles shards) : ImageStore
    {
        public override long Count => shards.Count;

        public override void Add(RgbImage image) => shards.Add(image);

        public override TrainingImages Finish(Annotations annotations) => shards.Finish(
            annotations.Snippets, annotations.Sources, annotations.Labels, annotations.MirroredSnippets, annotations.Encoder,
            annotations.Values);

        public override void Dispose() => shards.Dispose();
    }
}
