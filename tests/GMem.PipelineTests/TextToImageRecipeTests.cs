using GMem.Images;
using GMem.MLNet;
using GMem.PipelineTests.Recipes;
using Microsoft.ML;

namespace GMem.PipelineTests;

public sealed class TextToImageRecipeTests(Pictures pictures)
{
    [Fact]
    public void Recipe_OfTextToImage_DrawsWhatTheTextNames()
    {
        using WorkingFolder folder = new();
        MLContext ml = new(seed: 1);
        string[] texts = ["a {0}", "draw a {0}", "one {0} on paper", "I like a {0}"];
        string[] labels = [.. Pictures.In(pictures.Shapes).Select(f => f.Label).Distinct()];
        TextToImageRecipe.Train(ml, Tiny.Options(), pictures.Shapes, labels.SelectMany(
            label => texts.Select(text => new TextToImageRecipe.Caption
            {
                Text = text.Replace("{0}", label, StringComparison.Ordinal),
                Label = label,
            })));

        TextToImageRecipe.Drawn drawn = TextToImageRecipe.Generate(ml);

        RgbImage image = drawn.GeneratedImage.ToRgbImage();
        drawn.GeneratedImage.Dispose();
        PngWriter.Write("ring.png", image);
        Assert.Equal(("ring", "ring"), (drawn.PromptLabel, drawn.MemoryLabel));
        Assert.InRange(drawn.Score.Max(), 0.5f, 1);
        using GMemTransformer model = GMemTransformer.Load("model.zip");
        IDataView prompt = ml.ImageGeneration.CreatePrompts(1, seed: 7, label: "ring");
        Assert.Equal(Likeness.Read(ml, model.Transform(prompt))[0].Pixels, image.Pixels);
        Assert.InRange(Likeness.Of(model), 0.75, 1);
    }
}
