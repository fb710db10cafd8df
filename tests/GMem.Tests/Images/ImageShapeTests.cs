using GMem.Images;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Images;

/// <summary>Images that are not square, grey images and images with alpha, against those of the RGB square.</summary>
public sealed class ImageShapeTests
{
    [Fact]
    public void ImageShape_Number_IsTheRgbSquareCropped()
    {
        ImageShape shape = 32;
        Assert.Equal(new ImageShape(32, 32, 3) { Fit = ImageFit.Crop }, shape);
        Assert.Equal("32 x 32 pixels", shape.ToString());
        Assert.Equal("48 x 32 pixels, grey", new ImageShape(32, 48, 1).ToString());
        Assert.Equal("48 x 32 pixels, with alpha", new ImageShape(32, 48, 4).ToString());
    }

    [Theory]
    [InlineData(0, 8, 3, ImageFit.Crop)]
    [InlineData(8, -1, 3, ImageFit.Crop)]
    [InlineData(8, 8, 2, ImageFit.Crop)]
    [InlineData(8, 8, 3, (ImageFit)7)]
    public void Apply_ShapeThatNoImageHas_Throws(int height, int width, int channels, ImageFit fit)
    {
        ImageShape shape = new(height, width, channels) { Fit = fit };
        Assert.Throws<ArgumentOutOfRangeException>(() => CenterCrop.Apply(TestImages.Pattern(4, 4), shape));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageReader.Decode([], "none", shape));
    }

    /// <summary>Of a square picture, a wide image is the rows in the middle of the square one, and a high one the columns.</summary>
    [Theory]
    [InlineData(90, 24, 48)]
    [InlineData(90, 48, 24)]
    [InlineData(201, 48, 10)]
    [InlineData(20, 32, 40)]
    public void Apply_Rectangle_IsTheMiddleOfTheSquareThatContainsIt(int picture, int height, int width)
    {
        RgbImage image = TestImages.Pattern(picture, picture);
        RgbImage square = CenterCrop.Apply(image, Math.Max(height, width));
        RgbImage rectangle = CenterCrop.Apply(image, new ImageShape(height, width));
        Assert.Equal((width, height), (rectangle.Width, rectangle.Height));
        Assert.Equal(Middle(square, width, height).Pixels, rectangle.Pixels);
    }

    /// <summary>A linear ramp stays one when it is cropped: the values say which part of the image is left.</summary>
    [Fact]
    public void Apply_Rectangles_KeepTheMiddleOfTheLongerSide()
    {
        byte[] ramp = [.. Enumerable.Range(0, 40 * 200).Select(i => (byte)(i % 200))];
        RgbImage cropped = CenterCrop.Apply(new RgbImage(200, 40, ramp, 1), new ImageShape(40, 60, 1));
        Assert.Equal(Enumerable.Range(70, 60).Select(v => (byte)v), cropped.Pixels[..60]);
    }

    [Fact]
    public void Apply_Pad_ScalesAllOfItIntoTheMiddleOfWhite()
    {
        RgbImage image = TestImages.Pattern(64, 32);
        ImageShape square = new ImageShape(32, 32) { Fit = ImageFit.Pad };
        RgbImage padded = CenterCrop.Apply(image, square);
        Assert.Equal(CenterCrop.Apply(image, new ImageShape(16, 32)).Pixels, Middle(padded, 32, 16).Pixels);
        Assert.All(padded.Pixels[..(8 * 32 * 3)].Concat(padded.Pixels[(24 * 32 * 3)..]), p => Assert.Equal(255, p));

        RgbImage withAlpha = CenterCrop.Apply(image, square with { Channels = 4 });
        Assert.Equal([255, 255, 255, 0], withAlpha.Pixels[..4]);
        Assert.Equal(255, Middle(withAlpha, 32, 16).Pixels[3]);
        Assert.Equal(padded.Pixels, withAlpha.ToChannels(3).Pixels);
        RgbImage thin = CenterCrop.Apply(TestImages.Pattern(1, 1000), new ImageShape(40, 3) { Fit = ImageFit.Pad });
        Assert.Equal((3, 40), (thin.Width, thin.Height));
    }

    [Fact]
    public void Part_OfCropAndPad_HasTheAspectRatioAndThePixelsAsTheyAre()
    {
        RgbImage image = TestImages.Pattern(90, 40);
        Assert.Equal(Middle(image, 80, 40).Pixels, CenterCrop.Part(image, new ImageShape(10, 20)).Pixels);
        Assert.Equal(Middle(image, 40, 40).Pixels, CenterCrop.Part(image, 7).Pixels);
        Assert.Equal(Middle(image, 90, 30).Pixels, CenterCrop.Part(image, new ImageShape(1, 3)).Pixels);
        RgbImage padded = CenterCrop.Part(image, new ImageShape(10, 20) { Fit = ImageFit.Pad });
        Assert.Equal((90, 45), (padded.Width, padded.Height));
        Assert.Equal(image.Pixels, Middle(padded, 90, 40).Pixels);
        Assert.Same(image, CenterCrop.Part(image, new ImageShape(4, 9) { Fit = ImageFit.Pad }));
    }

    /// <summary>The RGB square is that of Pillow (the reference tests); grey and opaque images are it, channel by channel.</summary>
    [Theory]
    [InlineData(20, 20)]
    [InlineData(17, 45)]
    [InlineData(300, 71)]
    public void Apply_GreyAndOpaque_AreTheChannelsOfRgb(int width, int height)
    {
        RgbImage image = TestImages.Pattern(width, height), grey = Channel(image, 0);
        foreach (ImageShape shape in new ImageShape[] { 32, new(24, 40), new(24, 40) { Fit = ImageFit.Pad } })
        {
            RgbImage rgb = CenterCrop.Apply(image, shape);
            Assert.Equal(Channel(rgb, 0).Pixels, CenterCrop.Apply(grey, shape with { Channels = 1 }).Pixels);
            Assert.Equal(Channel(rgb, 0).Pixels, CenterCrop.Apply(grey.ToChannels(3), shape with { Channels = 1 }).Pixels);
            Assert.Equal(rgb.Pixels, CenterCrop.Apply(image.ToChannels(4), shape with { Channels = 4 }).ToChannels(3).Pixels);
        }
    }

    /// <summary>Colours are resampled times alpha, and divided by the alpha that comes out: Pillow's conversion to and from "RGBa".</summary>
    [Theory]
    [InlineData(33, 20)]
    [InlineData(16, 90)]
    [InlineData(5, 16)]
    public void Resize_Translucent_IsThatOfThePremultipliedColours(int width, int height)
    {
        RgbImage colours = TestImages.Pattern(width, height), alpha = Channel(TestImages.Pattern(width, height, 5), 1);
        byte[] multiplied = [.. colours.Pixels.Select((v, i) => (byte)Math.Round(v * alpha.Pixels[i / 3] / 255.0))];
        RgbImage expectedColours = Resize(new RgbImage(width, height, multiplied)), expectedAlpha = Resize(alpha);
        RgbImage actual = Resize(new RgbImage(
            width, height, [.. Enumerable.Range(0, width * height).SelectMany(
                i => colours.Pixels[(i * 3)..((i * 3) + 3)].Append(alpha.Pixels[i]))], 4));
        Assert.Equal(expectedAlpha.Pixels, Channel(actual, 3).Pixels);
        for (int i = 0; i < expectedColours.Pixels.Length; i++)
        {
            int a = expectedAlpha.Pixels[i / 3], value = expectedColours.Pixels[i];
            Assert.Equal(a is 0 or 255 ? value : Math.Min(255, 255 * value / a), actual.Pixels[(i / 3 * 4) + (i % 3)]);
        }

        static RgbImage Resize(RgbImage image) => PillowResize.Resize(new PixelView(image), 16, 16, ResampleFilter.Bicubic);
    }

    [Fact]
    public void Apply_TransparentPixels_DoNotColourTheirNeighbours()
    {
        // Left half opaque blue, right half transparent red.
        byte[] pixels = [.. Enumerable.Range(0, 64 * 64).SelectMany(i => i % 64 < 32 ? new byte[] { 0, 0, 255, 255 } : [255, 0, 0, 0])];
        RgbImage small = CenterCrop.Apply(new RgbImage(64, 64, pixels, 4), new ImageShape(24, 24, 4));
        for (int i = 0; i < 24 * 24; i++)
        {
            Assert.True(small.Pixels[(4 * i) + 3] < 8 || small.Pixels[4 * i] == 0, $"pixel {i} has red");
        }
    }

    [Fact]
    public void ToChannels_EveryColourAndAlpha_AreTheDocumentedFormulas()
    {
        byte[] rgba = [.. Enumerable.Range(0, 1 << 16).SelectMany(i => new[] { (byte)i, (byte)(255 - i), (byte)(i * 7), (byte)(i >> 8) })];
        RgbImage image = new(256, 256, rgba, 4), rgb = image.ToChannels(3), grey = rgb.ToChannels(1);
        for (int i = 0; i < 1 << 16; i++)
        {
            double Over(int channel) => ((rgba[(4 * i) + channel] * rgba[(4 * i) + 3]) + (255.0 * (255 - rgba[(4 * i) + 3]))) / 255;
            for (int channel = 0; channel < 3; channel++)
            {
                Assert.Equal(Over(channel), rgb.Pixels[(3 * i) + channel], 0.5001);
            }

            double luma = (0.299 * rgb.Pixels[3 * i]) + (0.587 * rgb.Pixels[(3 * i) + 1]) + (0.114 * rgb.Pixels[(3 * i) + 2]);
            Assert.Equal(luma, grey.Pixels[i], 0.51);
        }

        Assert.Equal(grey.Pixels, image.ToChannels(1).Pixels);
        Assert.Equal(grey.Pixels.SelectMany(v => new[] { v, v, v }), grey.ToChannels(3).Pixels);
        Assert.Equal(grey.Pixels, grey.ToChannels(4).ToChannels(1).Pixels);
        Assert.Same(image, image.ToChannels(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.ToChannels(2));

        using DisposeScope scope = torch.NewDisposeScope();
        foreach (RgbImage one in new[] { image, rgb, grey })
        {
            torch.Tensor batch = ImageTensors.ToTensor([one]);
            Assert.Equal([1, one.Channels, 256, 256], batch.shape);
            Assert.Equal(one.Pixels, ImageTensors.FromTensor(batch)[0].Pixels);
            Assert.Equal(one.ToChannels(3).Pixels, ImageTensors.FromTensor(ImageTensors.ToRgb(batch))[0].Pixels);
        }
    }

    /// <summary>The byte after width, height and bit depth says grey (0), RGB (2) or RGBA (6).</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 2)]
    [InlineData(4, 6)]
    public void Write_EveryChannelCount_IsAPngOfThatKindWithTheSamePixels(int channels, byte colourType)
    {
        using TemporaryFolder folder = new();
        byte[] pixels = [.. TestImages.Pattern(13, 7).ToChannels(4).Pixels.Select((v, i) => i % 4 == 3 ? (byte)(3 * i) : v)];
        RgbImage image = new RgbImage(13, 7, pixels, 4).ToChannels(channels);
        string path = folder.File("image.png");
        PngWriter.Write(path, image);
        Assert.Equal(colourType, File.ReadAllBytes(path)[25]);
        Assert.Equal(image.Pixels, ImageReader.ReadWhole(path, channels).Pixels);
        Assert.Equal(image.Pixels, ImageReader.ReadFile(path, new ImageShape(7, 13, channels)).Pixels);
        Assert.Equal(image.ToChannels(3).Pixels, ImageReader.ReadFile(path).Pixels);
        Assert.Equal(image.ToChannels(3).ToChannels(1).Pixels, ImageReader.ReadWhole(path, 1).Pixels);
    }

    [Fact]
    public void ReadFile_TooLongForTheShape_SaysSo()
    {
        byte[] png = PngWriter.Encode(TestImages.Pattern(120, 2));
        ImageShape wide = new(2, 100);
        Assert.Equal(100, ImageReader.Decode(png, "wide", wide, ImageReader.MaxAspectRatio).Width);
        Assert.Contains(
            "'wide' is 120 x 2 pixels: one side is more than 50 times the other",
            Assert.Throws<InvalidDataException>(() => ImageReader.Decode(png, "wide", 8, ImageReader.MaxAspectRatio)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "for images of 2 x 100, one side is more than 50 times too long",
            Assert.Throws<InvalidDataException>(
                () => ImageReader.Decode(png, "wide", new ImageShape(100, 2), ImageReader.MaxAspectRatio)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Grid_OfAnyChannels_KeepsThem()
    {
        RgbImage tile = TestImages.Pattern(4, 2);
        foreach (int channels in new[] { 1, 4 })
        {
            RgbImage grid = ImageGrid.Compose([tile.ToChannels(channels), tile.ToChannels(channels)], columns: 1, scale: 2, padding: 1);
            Assert.Equal((10, 11, channels), (grid.Width, grid.Height, grid.Channels));
            Assert.Equal(ImageGrid.Compose([tile, tile], 1, 2, 1).ToChannels(channels).Pixels, grid.Pixels);
        }

        Assert.Contains("Image 1 has 1 channels, the first one 3", Assert.Throws<ArgumentException>(
            () => ImageGrid.Compose([tile, tile.ToChannels(1)])).Message, StringComparison.Ordinal);
        using torch.Tensor batch = ImageTensors.ToTensor([tile]);
        Assert.Contains("Image 0 has 4 channels; the batch needs 3", Assert.Throws<ArgumentException>(
            () => ImageTensors.Write(batch, 0, tile.ToChannels(4))).Message, StringComparison.Ordinal);
    }

    private static RgbImage Channel(RgbImage image, int channel) => new(
        image.Width, image.Height, [.. image.Pixels.Where((_, i) => i % image.Channels == channel)], ImageShape.Grey);

    private static RgbImage Middle(RgbImage image, int width, int height)
    {
        (int left, int top) = ((image.Width - width) / 2, (image.Height - height) / 2);
        return new RgbImage(width, height, [.. Enumerable.Range(0, height).SelectMany(
            y => image.Pixels.AsSpan((((top + y) * image.Width) + left) * image.Channels, width * image.Channels).ToArray())], image.Channels);
    }
}
