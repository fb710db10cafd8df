using GMem.Images;
using GMem.MLNet;
using Microsoft.ML;

namespace Examples.Shared;

/// <summary>Runs prompts through a model and gives plain images, which need no disposal.</summary>
internal static class Generator
{
    /// <summary>One image for each row of a view.</summary>
    public static IEnumerable<RgbImage> Generate(
        this MLContext ml, ITransformer model, IDataView prompts, CancellationToken cancellationToken = default)
    {
        foreach (GeneratedImageRow row in ml.Data.CreateEnumerable<GeneratedImageRow>(model.Transform(prompts), reuseRowObject: false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (row.GeneratedImage)
            {
                yield return row.GeneratedImage.ToRgbImage();
            }
        }
    }

    /// <summary>One image for each prompt.</summary>
    public static List<RgbImage> Generate(
        this MLContext ml, ITransformer model, IEnumerable<PromptRow> prompts, CancellationToken cancellationToken = default) =>
        [.. ml.Generate(model, ml.Data.LoadFromEnumerable(prompts.ToArray()), cancellationToken)];
}
