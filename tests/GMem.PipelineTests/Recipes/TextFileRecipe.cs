using GMem.MLNet;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.PipelineTests.Recipes;

/// <summary>Images and labels named by a text file; the labels are needed for training alone.</summary>
internal static class TextFileRecipe
{
    public static void Train(MLContext ml, GMemTrainer.Options options, string list)
    {
        #region text-file-train
        IDataView rows = ml.Data.LoadFromTextFile(list, hasHeader: true, columns:
        [
            new TextLoader.Column("ImagePath", DataKind.String, 0),
            new TextLoader.Column("Class", DataKind.String, 1),
        ]);
        options.LabelColumnName = "ClassKey";
        EstimatorChain<GMemTransformer> pipeline = new EstimatorChain<ITransformer>()
            .Append(ml.Transforms.Conversion.MapValueToKey("ClassKey", "Class"), TransformerScope.TrainTest)
            .Append(ml.ImageGeneration.Trainers.GMem(options));
        using TransformerChain<GMemTransformer> trained = pipeline.Fit(rows);
        ml.Model.Save(trained.GetModelFor(TransformerScope.Scoring), null, "model.zip");
        #endregion
    }

    public static void Generate(MLContext ml, string picture)
    {
        #region text-file-generate
        ITransformer model = ml.Model.Load("model.zip", out _);
        IDataView prompts = ml.Data.LoadFromEnumerable<PromptRow>(
        [
            new() { Seed = 7 },
            new() { Seed = 7, PromptLabel = "ring" },
            new() { Seed = 7, PromptImage = picture },
        ]);
        foreach (GeneratedImageRow row in ml.Data.CreateEnumerable<GeneratedImageRow>(model.Transform(prompts), reuseRowObject: false))
        {
            using (row.GeneratedImage)
            {
                row.GeneratedImage.Save($"{row.MemoryIndex}.png");
            }

            Console.WriteLine($"seed {row.Seed}: entry {row.MemoryIndex}, label '{row.MemoryLabel}', cosine {row.MemoryCosine:F2}");
        }

        (model as IDisposable)?.Dispose();
        #endregion
    }
}
