using GMem.Images;

namespace GMem.PipelineTests;

/// <summary>The measure by which recipes are judged tells pictures from noise.</summary>
public sealed class LikenessTests(Pictures pictures)
{
    [Fact]
    public void Share_OfTheSourcesAndOfOthers_IsOneAndAboutOneHalf()
    {
        RgbImage[] sources = [.. Pictures.In(pictures.Shapes).Select(f => ImageReader.ReadFile(f.ImagePath, 16))];
        RgbImage[] shuffled = [.. sources];
        new Random(1).Shuffle(shuffled);

        Assert.Equal(1, Likeness.Share(sources, sources));
        Assert.InRange(Likeness.Share(shuffled, sources), 0.3, 0.7);
    }
}
