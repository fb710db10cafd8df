using GMem.MLNet;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace GMem.PipelineTests.Recipes;

/// <summary>A classifier of text and a generator in one model; a short form of <c>examples/TextToImage</c>.</summary>
internal static class TextToImageRecipe
{
    public static void Train(MLContext ml, GMemTrainer.Options options, string photos, IEnumerable<Caption> captions)
    {
        #region text-to-image-train
        EstimatorChain<ITransformer> words = new EstimatorChain<ITransformer>()
            .Append<ITransformer>(ml.Transforms.Conversion.MapValueToKey("Key", "Label"), TransformerScope.TrainTest)
            .Append<ITransformer>(ml.Transforms.Text.FeaturizeText("Words", "Text"))
            .Append<ITransformer>(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy("Key", "Words"))
            .Append<ITransformer>(ml.Transforms.Conversion.MapKeyToValue("PromptLabel", "PredictedLabel"));
        TransformerChain<ITransformer> classifier =
            words.Fit(ml.Data.LoadFromEnumerable(captions)).GetModelFor(TransformerScope.Scoring);
        using GMemTransformer generator = ml.ImageGeneration.Trainers.GMem(options).Fit(ml.ImageGeneration.LoadImages(photos));
        ml.Model.Save(new TransformerChain<ITransformer>([.. classifier, generator]), null, "model.zip");
        #endregion
    }

    public static Drawn Generate(MLContext ml)
    {
        #region text-to-image-generate
        ITransformer model = ml.Model.Load("model.zip", out _);
        using PredictionEngine<Request, Drawn> engine = ml.Model.CreatePredictionEngine<Request, Drawn>(model);
        Drawn drawn = engine.Predict(new Request { Text = "please draw a ring", Seed = 7 });
        #endregion
        return drawn;
    }

    #region text-to-image-rows
    public sealed class Caption
    {
        public string Text { get; set; } = "";

        public string Label { get; set; } = "";
    }

    public sealed class Request
    {
        public string Text { get; set; } = "";

        public long Seed { get; set; }
    }

    public sealed class Drawn
    {
        public string PromptLabel { get; set; } = "";

        public float[] Score { get; set; } = [];

        public string MemoryLabel { get; set; } = "";

        [ImageType(1, 1)]
        public MLImage GeneratedImage { get; set; } = null!;
    }
    #endregion
}
