using GMem.Images;
using GMem.ImageSharp;
using Microsoft.ML.Data;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace GMem.MLNet.Tests.ImageSharp;

public sealed class ImageSharpExtensionsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 3)]
    [InlineData(2500, 1700)]
    public void ToImageSharp_AndBack_GivesTheSamePixels(int width, int height)
    {
        RgbImage picture = Picture(width, height);
        using Image<Rgb24> image = picture.ToImageSharp();
        Assert.Equal((width, height), (image.Width, image.Height));
        Assert.Equal(new Rgb24(Byte(3 * (width - 1)), Byte((3 * (width - 1)) + 1), Byte((3 * (width - 1)) + 2)), image[width - 1, 0]);
        RgbImage back = image.ToRgbImage();
        Assert.Equal(picture.Pixels, back.Pixels);

        // Copies: neither side sees what is drawn on the other.
        image[0, 0] = new Rgb24(255, 255, 255);
        picture.Pixels[1] = 77;
        Assert.Equal(Byte(0), back.Pixels[0]);
        Assert.Equal(Byte(1), back.Pixels[1]);
        Assert.Equal(255, image[0, 0].G);
    }

    [Fact]
    public void ToImageSharp_OfAnMLImage_GivesItsPixelsOverWhite()
    {
        using MLImage opaque = Picture(5, 3).ToMLImage();
        using Image<Rgb24> image = opaque.ToImageSharp();
        Assert.Equal(Picture(5, 3).Pixels, image.ToRgbImage().Pixels);

        // Half-transparent red, multiplied by its alpha, blue first.
        using MLImage transparent = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Bgra32, [0, 0, 128, 128, 0, 0, 0, 0]);
        using Image<Rgb24> overWhite = transparent.ToImageSharp();
        Assert.Equal([255, 127, 127, 255, 255, 255], overWhite.ToRgbImage().Pixels);
        Assert.Equal([255, 127, 127, 255, 255, 255], transparent.ToRgbImage().Pixels);
    }

    [Fact]
    public void CopyRowTo_RowOrRoomThatIsNotThere_SaysSo()
    {
        using MLImage image = Picture(5, 3).ToMLImage();
        Assert.Throws<ArgumentOutOfRangeException>(() => image.CopyRowTo(3, new byte[15]));
        ArgumentException error = Assert.Throws<ArgumentException>(() => image.CopyRowTo(0, new byte[14]));
        Assert.Contains("A row of 5 pixels has 15 bytes; there is room for 14.", error.Message);
    }

    private static byte Byte(int i) => (byte)(i * 31);

    private static RgbImage Picture(int width, int height) =>
        new(width, height, [.. Enumerable.Range(0, width * height * ImageShape.Rgb).Select(Byte)]);
}
