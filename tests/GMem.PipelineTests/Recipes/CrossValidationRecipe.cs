using GMem.Evaluation;
using GMem.MLNet;
using Microsoft.ML;

namespace GMem.PipelineTests.Recipes;

/// <summary>As many trainings as folds, each judged by the images that it has not seen.</summary>
internal static class CrossValidationRecipe
{
    public static List<ImageGenerationMetrics> Run(MLContext ml, GMemTrainer.Options options, string photos)
    {
        #region cross-validation
        List<ImageGenerationMetrics> folds = [];
        IDataView images = ml.ImageGeneration.LoadImages(photos);
        foreach (DataOperationsCatalog.TrainTestData fold in ml.Data.CrossValidationSplit(images, numberOfFolds: 3, seed: 1))
        {
            using GMemTransformer model = ml.ImageGeneration.Trainers.GMem(options).Fit(fold.TrainSet);
            IDataView generated = model.Transform(ml.ImageGeneration.CreatePrompts(count: 60));
            folds.Add(ml.ImageGeneration.Evaluate(fold.TestSet, generated, training: fold.TrainSet));
        }

        Console.WriteLine($"Frechet distance {folds.Average(f => f.FrechetDistance):F2}");
        #endregion
        return folds;
    }
}
