using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using GMem.Encoders;
using GMem.Images;
using GMem.MLNet.Persistence;
using GMem.Parts;
using GMem.Runtime;
using TorchSharp;

namespace GMem.MLNet.Featurization;

/// <summary>
/// An ML.NET featurizer, and what makes snippets of its vectors, as the encoder of a model. It is given images at their own resolution.
/// </summary>
/// <remarks>
/// Saved as the entries of the zip that ML.NET would write, each a tensor of bytes, so that the model's own hashes are of it too and the
/// same featurizer has the same fingerprint (a zip holds the time at which it was written). Thread-safe: each thread has a row of its own,
/// and the transformers of ML.NET, ONNX Runtime's sessions among them, may be run from several threads.
/// </remarks>
internal sealed class FeaturizerEncoder : SnippetEncoder
{
    internal static readonly PartKind SavedKind = new("GMem.MLNet.Featurizer");

    private readonly FeaturizerScorer _scorer;
    private readonly SnippetReduction _reduction;
    private readonly Lazy<IReadOnlyDictionary<string, torch.Tensor>> _tensors;

    /// <summary>Takes ownership of both.</summary>
    public FeaturizerEncoder(FeaturizerScorer scorer, SnippetReduction reduction)
    {
        _scorer = scorer;
        _reduction = reduction;
        _tensors = new(Tensors);
    }

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <inheritdoc/>
    public override bool IsThreadSafe => true;

    /// <inheritdoc/>
    public override bool UsesSourceResolution => true;

    /// <inheritdoc/>
    public override int Dimension => _reduction.SnippetSize;

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Models with a featurizer must load in a program that does nothing but load.")]
    internal static void Register() => ModelParts.Register(SavedKind, Load);

    /// <inheritdoc/>
    public override torch.Tensor Encode(torch.Tensor images)
    {
        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        float[] features = [.. ImageTensors.FromTensor(images).SelectMany(_scorer.Score)];
        return _reduction.Apply(torch.tensor(features, [images.shape[0], _scorer.Dimension])).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override PartConfiguration SaveConfiguration() => PartConfiguration.From(
        new Configuration { ImageColumn = _scorer.Columns.Image, FeatureColumn = _scorer.Columns.Features });

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() => _tensors.Value;

    /// <exception cref="InvalidDataException">What is saved does not fit together, or ML.NET cannot load it.</exception>
    internal static FeaturizerEncoder Load(SavedPart saved)
    {
        Configuration configuration = saved.Configuration.Read<Configuration>();
        FeaturizerColumns columns = new(configuration.ImageColumn, configuration.FeatureColumn);
        FeaturizerScorer scorer = FeaturizerScorer.Owning(SavedTransformer.FromTensors(saved.Tensors), columns);
        try
        {
            return new FeaturizerEncoder(scorer, ReadReduction(saved, scorer.Dimension));
        }
        catch
        {
            scorer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _scorer.Dispose();
        _reduction.Dispose();
        if (_tensors.IsValueCreated)
        {
            foreach (torch.Tensor bytes in _tensors.Value.Where(t => SavedTransformer.IsEntry(t.Key)).Select(t => t.Value))
            {
                bytes.Dispose();
            }
        }
    }

    private static SnippetReduction ReadReduction(SavedPart saved, int size)
    {
        torch.Tensor mean = saved.Tensor("mean");
        torch.Tensor? components = saved.Tensors.ContainsKey("components") ? saved.Tensor("components") : null;
        bool fits = mean.shape is [long width] && width == size && mean.dtype == torch.float64
            && (components is null || (components.shape is [>= 1, long columns] && columns == size && components.dtype == torch.float32));
        return fits && IsFinite(mean) && (components is null || IsFinite(components))
            ? new SnippetReduction(mean.clone(), components?.clone())
            : throw new InvalidDataException(
                $"The featurizer gives {size} numbers; mean and components must be finite, float64 [{size}] and float32 [m, {size}].");
    }

    private static bool IsFinite(torch.Tensor tensor)
    {
        using torch.Tensor finite = tensor.isfinite(), all = finite.all();
        return all.item<bool>();
    }

    private Dictionary<string, torch.Tensor> Tensors()
    {
        Dictionary<string, torch.Tensor> tensors = SavedTransformer.ToTensors(_scorer.Transformer);
        tensors.Add("mean", _reduction.Mean);
        if (_reduction.Components is { } components)
        {
            tensors.Add("components", components);
        }

        return tensors;
    }

    private sealed class Configuration
    {
        public required string ImageColumn { get; init; }

        public required string FeatureColumn { get; init; }
    }
}
