using GMem.Images;
using GMem.Memory;
using GMem.MLNet;
using GMem.PipelineTests.Recipes;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.PipelineTests;

public sealed class ResNet18Tests(Pictures pictures)
{
    [Fact]
    public void Recipe_OfTheFeaturizer_FindsAPictureAndDrawsFromIt()
    {
        using WorkingFolder folder = new();
        MLContext ml = new(seed: 1);
        ImageFile picture = Pictures.In(pictures.Photos)[30];
        ResNet18Recipe.Train(ml, Tiny.Options(), pictures.Photos);

        (IReadOnlyList<MemoryNeighbor> nearest, IReadOnlyList<RgbImage> drawn) = ResNet18Recipe.Nearest(ml, picture.ImagePath);

        Assert.Equal(5, nearest.Count);
        Assert.Equal((picture.ImagePath, picture.Label), (nearest[0].Source, nearest[0].Label));
        Assert.Equal(1, nearest[0].Cosine, 3);
        Assert.InRange(nearest[4].Cosine, -1, 0.99);
        Assert.Equal(4, drawn.Select(d => Convert.ToHexString(d.Pixels)).Distinct().Count());
        using GMemTransformer model = GMemTransformer.Load("model.zip");
        Assert.InRange(Likeness.Of(model), 0.7, 1);
        ImageGrid.Save("drawn.png", drawn, columns: 4, scale: 4, padding: 2);
    }

    /// <summary>The whole chain makes the snippet of a prompt's picture; the generator alone refuses to ignore it.</summary>
    [Fact]
    public void Recipe_OfTheSnippetColumn_UsesItForPromptsOrRefusesThem()
    {
        using WorkingFolder folder = new();
        MLContext ml = new(seed: 1);
        IReadOnlyList<ImageFile> files = Pictures.In(pictures.Photos);
        ResNet18Recipe.TrainUpstream(ml, Tiny.Options(steps: 20), pictures.Photos);
        ITransformer chain = ml.Model.Load("chain.zip", out _);
        using GMemTransformer generator = GMemTransformer.Load("chain.zip");

        IDataView drawn = ResNet18Recipe.PromptUpstream(ml, chain, files[30].ImagePath);

        GeneratedImageRow row = ml.Data.CreateEnumerable<GeneratedImageRow>(drawn, reuseRowObject: false).Single();
        row.GeneratedImage.Dispose();
        Assert.Equal((-1, 7), (row.MemoryIndex, row.Seed));
        Assert.Equal(1, row.MemoryCosine, 3);
        InvalidDataException e = Assert.Throws<InvalidDataException>(
            () => Likeness.Read(ml, ResNet18Recipe.PromptUpstream(ml, generator, files[30].ImagePath)));
        Assert.Contains("column 'ImagePath' has a picture, which would be ignored", e.Message);
        Assert.Contains("column 'ImagePath' has a picture, which would be ignored", PipelineDocument.Text.ReplaceLineEndings(" "));
        string label = files[30].Label;
        IDataView noPicture = ml.Data.LoadFromEnumerable([new { Seed = 7L, PromptLabel = label, ImagePath = "" }]);

        // What the featurizer makes of no picture is no snippet: the label picks the entry.
        GeneratedImageRow ofLabel = ml.Data.CreateEnumerable<GeneratedImageRow>(chain.Transform(noPicture), reuseRowObject: false).Single();
        ofLabel.GeneratedImage.Dispose();
        Assert.Equal(label, ofLabel.MemoryLabel);
        Assert.True(ofLabel.MemoryIndex >= 0);
        Assert.Single(Likeness.Read(ml, generator.Transform(ml.ImageGeneration.CreatePrompts(1, label: label))));
        ((IDisposable)chain).Dispose();
    }
}
