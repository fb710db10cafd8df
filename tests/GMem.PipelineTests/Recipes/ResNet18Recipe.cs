using GMem.Images;
using GMem.Memory;
using GMem.MLNet;
using GMem.ResNet18;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.PipelineTests.Recipes;

/// <summary>ML.NET's ResNet-18 makes the snippets: inside the model, or upstream of it.</summary>
internal static class ResNet18Recipe
{
    public static void Train(MLContext ml, GMemTrainer.Options options, string photos)
    {
        #region resnet18
        options.Featurizer = Featurizers.ResNet18(ml);
        using GMemTransformer trained = ml.ImageGeneration.Trainers.GMem(options).Fit(ml.ImageGeneration.LoadImages(photos));
        trained.Save("model.zip");
        #endregion
    }

    public static (IReadOnlyList<MemoryNeighbor> Nearest, IReadOnlyList<RgbImage> Drawn) Nearest(MLContext ml, string picture)
    {
        #region resnet18-nearest
        using GMemTransformer model = GMemTransformer.Load("model.zip", ml);
        IReadOnlyList<MemoryNeighbor> nearest = model.Memory.Nearest(model.Model.Encode(ImageReader.ReadFile(picture)), count: 5)[0];
        IDataView drawn = model.Transform(ml.ImageGeneration.CreatePrompts(count: 4, image: picture));
        #endregion
        return (nearest, Likeness.Read(ml, drawn));
    }

    public static void TrainUpstream(MLContext ml, GMemTrainer.Options options, string photos)
    {
        #region snippet-column
        options.SnippetColumnName = "Features";
        EstimatorChain<GMemTransformer> pipeline = ml.Transforms.LoadImages("Image", imageFolder: null, "ImagePath")
            .Append(Featurizers.ResNet18(ml))
            .Append(ml.ImageGeneration.Trainers.GMem(options));
        using TransformerChain<GMemTransformer> trained = pipeline.Fit(ml.ImageGeneration.LoadImages(photos));
        ml.Model.Save(trained, null, "chain.zip");
        #endregion
    }

    public static IDataView PromptUpstream(MLContext ml, ITransformer chain, string picture)
    {
        #region snippet-column-prompt
        IDataView prompts = ml.Data.LoadFromEnumerable([new { Seed = 7L, ImagePath = picture }]);
        IDataView drawn = chain.Transform(prompts);
        #endregion
        return drawn;
    }
}
