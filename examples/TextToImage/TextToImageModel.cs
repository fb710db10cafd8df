using GMem.MLNet;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace TextToImage;

/// <summary>
/// A model.zip of two parts, a classifier of text and a generator, and two ways to ask it: which label a text means, and for its image.
/// </summary>
public sealed class TextToImageModel : IDisposable
{
    /// <summary>A label must be so many times as likely as if nothing were known.</summary>
    private const double TimesAsLikely = 4;

    private const double MostNeeded = 0.75;
    private const int NamedLabels = 10;

    private readonly TransformerChain<ITransformer> _model;
    private readonly PredictionEngine<TextPrompt, TextLabel> _labels;
    private readonly PredictionEngine<TextPrompt, TextImage> _images;

    private TextToImageModel(MLContext ml, TransformerChain<ITransformer> model, double? threshold)
    {
        _model = model;
        PredictionEngineOptions shared = new() { OwnsTransformer = false };
        ITransformer[] parts = [.. model];
        _labels = ml.Model.CreatePredictionEngine<TextPrompt, TextLabel>(new TransformerChain<ITransformer>(parts[..^1]), shared);
        _images = ml.Model.CreatePredictionEngine<TextPrompt, TextImage>(model, shared);
        Labels = ((GMemTransformer)parts[^1]).Memory.Labels;
        Threshold = threshold ?? Math.Min(TimesAsLikely / Labels.Count, MostNeeded);
    }

    /// <summary>The labels of the images that were trained on.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>How likely a label must be at least.</summary>
    public double Threshold { get; }

    /// <summary>Puts the two parts into one file, as any ML.NET model.</summary>
    public static void Save(MLContext ml, TransformerChain<ITransformer> classifier, GMemTransformer generator, string path)
    {
        IDataView prompts = ml.Data.LoadFromEnumerable(Array.Empty<TextPrompt>());
        ml.Model.Save(new TransformerChain<ITransformer>([.. classifier, generator]), prompts.Schema, path);
    }

    /// <summary>Loads it.</summary>
    /// <exception cref="InvalidDataException">It is another model.</exception>
    public static TextToImageModel Load(MLContext ml, string path, double? threshold = null)
    {
        ITransformer model = ml.Model.Load(path, out _);
        return model is TransformerChain<ITransformer> chain && chain.LastTransformer is GMemTransformer && chain.Count() > 1
            ? new TextToImageModel(ml, chain, threshold)
            : throw new InvalidDataException($"'{path}' is no model that this example wrote: a classifier of text and a generator.");
    }

    /// <summary>The label that a text means, and how likely it is.</summary>
    public (string Label, float Probability) Classify(string text)
    {
        TextLabel label = _labels.Predict(new TextPrompt { Text = text });
        return (label.PromptLabel, label.Score.Max());
    }

    /// <summary>The image that a text asks for; dispose it.</summary>
    /// <exception cref="ArgumentException">The text names none of the labels.</exception>
    public TextImage Generate(string text, long seed)
    {
        (string label, float probability) = Classify(text);
        return probability >= Threshold
            ? _images.Predict(new TextPrompt { Text = text, Seed = seed })
            : throw new ArgumentException(FormattableString.Invariant(
                $"'{text}' names nothing that was trained on: the nearest label, '{label}', has a probability of {probability:F2}, and ")
                + FormattableString.Invariant($"{Threshold:F2} is needed. There are: {string.Join(", ", Labels.Take(NamedLabels))}")
                + (Labels.Count > NamedLabels ? $" and {Labels.Count - NamedLabels} more." : "."));
    }

    public void Dispose()
    {
        _labels.Dispose();
        _images.Dispose();
        _model.Dispose();
    }
}
