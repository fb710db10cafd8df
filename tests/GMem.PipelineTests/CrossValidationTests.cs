using System.Globalization;
using GMem.Evaluation;
using GMem.MLNet;
using GMem.PipelineTests.Recipes;
using Microsoft.ML;

namespace GMem.PipelineTests;

public sealed class CrossValidationTests(Pictures pictures)
{
    [Fact]
    public void Recipe_OfCrossValidation_JudgesEachImageOnce()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        List<ImageGenerationMetrics> folds = [];

        string[] lines = Printed.By(() => folds = CrossValidationRecipe.Run(new MLContext(seed: 1), Tiny.Options(), pictures.Shapes));

        Assert.Equal(3, folds.Count);
        Assert.Equal(Pictures.In(pictures.Shapes).Count, folds.Sum(f => f.RealCount));
        Assert.Equal($"Frechet distance {folds.Average(f => f.FrechetDistance):F2}", Assert.Single(lines));
        List<ImageGenerationMetrics> untrained = [];
        _ = Printed.By(() => untrained = CrossValidationRecipe.Run(new MLContext(seed: 1), Tiny.Options(steps: 1), pictures.Shapes));
        Assert.All(folds.Zip(untrained), f => Assert.InRange(f.First.FrechetDistance, 0.01, 0.5 * f.Second.FrechetDistance));
        Assert.All(folds, f => Assert.NotNull(f.Copies));
    }
}
