using GMem.Images;
using GMem.ImageSharp;
using GMem.PipelineTests.Recipes;
using Microsoft.ML;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace GMem.PipelineTests;

public sealed class ImageSharpTests(Pictures pictures)
{
    [Fact]
    public void Recipe_OfImageSharp_TrainsOnItsImagesAndGivesSome()
    {
        using WorkingFolder folder = new();
        IReadOnlyList<ImageFile> files = Pictures.In(pictures.Shapes);
        ImageSharpRecipe.Photo[] photos = [.. files.Select(f => new ImageSharpRecipe.Photo
        {
            Picture = ImageReader.ReadFile(f.ImagePath).ToImageSharp(),
            Label = f.Label,
        })];

        List<Image<Rgb24>> drawn = ImageSharpRecipe.Run(new MLContext(seed: 1), Tiny.Options(), photos);

        Assert.Equal(16, drawn.Count);
        Assert.All(drawn, image => Assert.Equal((16, 16), (image.Width, image.Height)));

        // Shapes on a bright background, as the pictures that were trained on: half of the pixels and more are nearly its colour.
        Assert.InRange(drawn.Average(BackgroundShare), 0.3, 1);
        Assert.Equal(16, drawn.Select(image => Convert.ToHexString(image.ToRgbImage().Pixels)).Distinct().Count());
        ImageGrid.Save("drawn.png", [.. drawn.Select(image => image.ToRgbImage())], columns: 8, scale: 4, padding: 2);
        Assert.All([.. photos.Select(p => p.Picture!), .. drawn], image => image.Dispose());
    }

    private static double BackgroundShare(Image<Rgb24> image)
    {
        byte[] pixels = image.ToRgbImage().Pixels;
        return pixels.Chunk(3).Average(
            p => Math.Abs(p[0] - 0xF4) < 30 && Math.Abs(p[1] - 0xF1) < 30 && Math.Abs(p[2] - 0xEA) < 30 ? 1 : 0.0);
    }
}
