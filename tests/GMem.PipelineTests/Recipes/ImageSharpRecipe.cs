using GMem.ImageSharp;
using GMem.MLNet;
using Microsoft.ML;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace GMem.PipelineTests.Recipes;

/// <summary>Training on images that ImageSharp holds, and results back to it.</summary>
internal static class ImageSharpRecipe
{
    public static List<Image<Rgb24>> Run(MLContext ml, GMemTrainer.Options options, IReadOnlyList<Photo> photos)
    {
        #region imagesharp
        options.ImageColumnName = "Picture";
        using GMemTransformer model = ml.ImageGeneration.Trainers.GMem(options).Fit(ml.Data.LoadFromEnumerable(photos));
        IDataView generated = model.Transform(ml.ImageGeneration.CreatePrompts(count: 16));
        List<Image<Rgb24>> pictures = [];
        foreach (GeneratedImageRow row in ml.Data.CreateEnumerable<GeneratedImageRow>(generated, reuseRowObject: false))
        {
            using (row.GeneratedImage)
            {
                pictures.Add(row.GeneratedImage.ToImageSharp());
            }
        }
        #endregion

        return pictures;
    }

    #region imagesharp-row
    public sealed class Photo
    {
        [ImageSharpType]
        public Image<Rgb24>? Picture { get; set; }

        public string Label { get; set; } = "";
    }
    #endregion
}
