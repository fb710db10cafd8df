using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;

namespace GMem.PipelineTests.Recipes;

/// <summary>The transformer of Microsoft.ML.TorchSharp in place of words: its weights are downloaded when it is fitted.</summary>
internal static class TorchSharpRecipe
{
    public static EstimatorChain<ITransformer> Classifier(MLContext ml)
    {
        #region torchsharp
        EstimatorChain<ITransformer> sentences = new EstimatorChain<ITransformer>()
            .Append<ITransformer>(ml.Transforms.Conversion.MapValueToKey("Key", "Label"), TransformerScope.TrainTest)
            .Append<ITransformer>(ml.MulticlassClassification.Trainers.TextClassification("Key", sentence1ColumnName: "Text"))
            .Append<ITransformer>(ml.Transforms.Conversion.MapKeyToValue("PromptLabel", "PredictedLabel"));
        #endregion
        return sentences;
    }
}
