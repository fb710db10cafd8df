using GMem.Images;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Images;

public sealed class ImageGridTests
{
    [Fact]
    public void Save_FiveTilesInRowsOfTwo_LaysThemOut()
    {
        using TemporaryFolder folder = new();
        RgbImage[] tiles = [.. Enumerable.Range(0, 5).Select(i => TestImages.Pattern(4, 3, i))];
        using torch.Tensor batch = ImageTensors.ToTensor(tiles);
        ImageGrid.Save(folder.File("grid.png"), batch, columns: 2, scale: 3, padding: 1);
        RgbImage grid = ImageReader.ReadFile(folder.File("grid.png"));
        Assert.Equal(((2 * 13) + 1, (3 * 10) + 1), (grid.Width, grid.Height));
        Assert.Equal(["grid.png"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
        for (int y = 0; y < grid.Height; y++)
        {
            for (int x = 0; x < grid.Width; x++)
            {
                int tile = (y / 10 * 2) + (x / 13);
                bool padding = x % 13 == 0 || y % 10 == 0 || tile >= tiles.Length;
                byte[] expected = padding ? [255, 255, 255] : tiles[tile]
                    .Pixels[((((y % 10) - 1) / 3 * 4) + (((x % 13) - 1) / 3)) is var at ? (at * 3)..((at * 3) + 3) : ..];
                Assert.Equal(expected, grid.Pixels[(((y * grid.Width) + x) * 3)..(((y * grid.Width) + x) * 3 + 3)]);
            }
        }
    }

    [Fact]
    public void Compose_NoOrDifferentImages_Throws()
    {
        Assert.Throws<ArgumentException>(() => ImageGrid.Compose([]));
        Assert.StartsWith(
            "Image 1 is 5 x 4, the first one 4 x 4",
            Assert.Throws<ArgumentException>(() => ImageGrid.Compose([TestImages.Pattern(4, 4), TestImages.Pattern(5, 4)])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void RgbImage_WrongLength_SaysBoth() => Assert.StartsWith(
        "An RGB image of 4 x 3 has 36 bytes; 35 were given.",
        Assert.Throws<ArgumentException>(() => new RgbImage(4, 3, new byte[35])).Message, StringComparison.Ordinal);
}
