using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms.Text;

namespace TextToImage;

/// <summary>
/// From a column <c>Text</c> to a column <c>PromptLabel</c>, which the generator reads, and the likelihood of each label.
/// </summary>
public static class TextClassifier
{
    private const string Key = "Key";

    /// <summary>Trains it.</summary>
    /// <exception cref="NotSupportedException">The weights of the transformer cannot be downloaded.</exception>
    public static TransformerChain<ITransformer> Fit(MLContext ml, IReadOnlyList<Caption> captions, ClassifierKind kind)
    {
        // Scopes: the key of the label is needed for training alone, so that prompts need no column of labels.
        EstimatorChain<ITransformer> chain = new EstimatorChain<ITransformer>()
            .Append<ITransformer>(ml.Transforms.Conversion.MapValueToKey(Key, nameof(Caption.Label)), TransformerScope.TrainTest);
        chain = (kind == ClassifierKind.Words ? AppendWords(ml, chain) : AppendTransformer(ml, chain))
            .Append<ITransformer>(ml.Transforms.Conversion.MapKeyToValue(nameof(TextLabel.PromptLabel), "PredictedLabel"));
        IDataView texts = ml.Data.LoadFromEnumerable(captions);
        try
        {
            return chain.Fit(texts).GetModelFor(TransformerScope.Scoring);
        }
        catch (Exception e) when (kind == ClassifierKind.TextClassification && e is not OutOfMemoryException)
        {
            throw new NotSupportedException(
                "Microsoft.ML.TorchSharp's text classification could not be trained. It downloads its weights when it begins, so it needs "
                    + $"a connection; leave out --classifier for the one that needs none. ({e.GetBaseException().Message})", e);
        }
    }

    private static EstimatorChain<ITransformer> AppendWords(MLContext ml, EstimatorChain<ITransformer> chain)
    {
        TextFeaturizingEstimator.Options words = new()
        {
            // Words alone: of a text without a word that is known nothing is left, and then no label is much likelier than another.
            CharFeatureExtractor = null,
            StopWordsRemoverOptions = new StopWordsRemovingEstimator.Options(),
            WordFeatureExtractor = new WordBagEstimator.Options { NgramLength = 1 },
            CaseMode = TextNormalizingEstimator.CaseMode.Lower,
            KeepPunctuations = false,
        };
        return chain.Append<ITransformer>(ml.Transforms.Text.FeaturizeText("Words", words, nameof(Caption.Text)))
            .Append<ITransformer>(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(new SdcaMaximumEntropyMulticlassTrainer.Options
            {
                LabelColumnName = Key,
                FeatureColumnName = "Words",

                // Nearly to the end, and on one thread: otherwise chance decides which of its labels a word speaks for most.
                ConvergenceTolerance = 1e-2f,
                NumberOfThreads = 1,
            }));
    }

    private static EstimatorChain<ITransformer> AppendTransformer(MLContext ml, EstimatorChain<ITransformer> chain) =>
        chain.Append<ITransformer>(ml.MulticlassClassification.Trainers.TextClassification(Key, sentence1ColumnName: nameof(Caption.Text)));
}
