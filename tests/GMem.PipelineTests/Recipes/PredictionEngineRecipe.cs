using GMem.MLNet;
using Microsoft.ML;

namespace GMem.PipelineTests.Recipes;

/// <summary>One image at a time, and who disposes what.</summary>
internal static class PredictionEngineRecipe
{
    public static void Run(MLContext ml)
    {
        #region prediction-engine
        using GMemTransformer model = GMemTransformer.Load("model.zip", ml);
        PredictionEngineOptions shared = new() { OwnsTransformer = false };
        using (PredictionEngine<PromptRow, GeneratedImageRow> engine =
            ml.Model.CreatePredictionEngine<PromptRow, GeneratedImageRow>(model, shared))
        {
            GeneratedImageRow row = engine.Predict(new PromptRow { Seed = 7, PromptLabel = "ring" });
            using (row.GeneratedImage)
            {
                row.GeneratedImage.Save("ring.png");
            }
        }

        // The engine is gone and the model is still there: it belongs to this program.
        using PredictionEngine<PromptRow, GeneratedImageRow> another =
            ml.Model.CreatePredictionEngine<PromptRow, GeneratedImageRow>(model, shared);
        another.Predict(new PromptRow { Seed = 7, PromptLabel = "ring" }).GeneratedImage.Save("again.png");
        #endregion
    }

    public static void Own(MLContext ml)
    {
        #region prediction-engine-owns
        ITransformer model = ml.Model.Load("model.zip", out _);
        using PredictionEngine<PromptRow, GeneratedImageRow> engine =
            ml.Model.CreatePredictionEngine<PromptRow, GeneratedImageRow>(model);
        engine.Predict(new PromptRow { Seed = 7 }).GeneratedImage.Save("7.png");
        #endregion
    }
}
