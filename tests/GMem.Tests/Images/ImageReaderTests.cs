using GMem.Images;
using GMem.Tests.Shared;
using SkiaSharp;

namespace GMem.Tests.Images;

public sealed class ImageReaderTests
{
    [Fact]
    public void Decode_LosslessFormats_GivesTheSamePixels()
    {
        RgbImage image = TestImages.Pattern(13, 7);
        Assert.Equal(image.Pixels, ImageReader.Decode(PngWriter.Encode(image), "a.png").Pixels);
        Assert.Equal(image.Pixels, ImageReader.Decode(TestImages.Encode(image, SKEncodedImageFormat.Png), "a.png").Pixels);
        Assert.Equal(image.Pixels, ImageReader.Decode(TestImages.Bmp(image), "a.bmp").Pixels);
    }

    [Fact]
    public void Decode_CmykJpeg_GivesItsColour()
    {
        RgbImage red = ImageReader.Decode(TestImages.CmykJpeg(), "cmyk.jpg");
        Assert.Equal((8, 8), (red.Width, red.Height));
        Assert.InRange(red.Pixels[0], 200, 255);
        Assert.InRange(red.Pixels[1], 0, 60);
        Assert.InRange(red.Pixels[2], 0, 60);
    }

    [Fact]
    public void Decode_Gif_GivesTheFirstFrame() => Assert.Equal<byte>([255, 0, 0], ImageReader.Decode(TestImages.Gif(), "a.gif").Pixels);

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void Decode_LossyFormats_StaysNear(SKEncodedImageFormat format)
    {
        RgbImage image = TestImages.Quarters(32, 16);
        RgbImage decoded = ImageReader.Decode(TestImages.Encode(image, format), "a");
        Assert.Equal((32, 16), (decoded.Width, decoded.Height));
        Assert.InRange(Math.Abs(decoded.Pixels[0] - 220), 0, 8);
        Assert.InRange(Math.Abs(decoded.Pixels[^3] - 30), 0, 8);
    }

    [Fact]
    public void Decode_Transparency_IsLaidOverWhite()
    {
        byte[] png = TestImages.Png(3, 1, 8, 6, [10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 128]);
        Assert.Equal<byte>([10, 20, 30, 255, 255, 255, 127, 177, 227], ImageReader.Decode(png, "a.png").Pixels);
    }

    [Fact]
    public void Decode_GreyAnd16Bit_GivesRgbOf8Bits()
    {
        Assert.Equal<byte>([7, 7, 7, 200, 200, 200], ImageReader.Decode(TestImages.Png(2, 1, 8, 0, [7, 200]), "grey").Pixels);
        Assert.Equal<byte>(
            [0x12, 0x80, 0xFF], ImageReader.Decode(TestImages.Png(1, 1, 16, 2, [0x12, 0x12, 0x80, 0x80, 0xFF, 0xFF]), "16 bit").Pixels);
        Assert.Equal<byte>([0, 0, 0, 255, 255, 255], ImageReader.Decode(TestImages.Png(2, 1, 1, 0, [0x40]), "1 bit").Pixels);
    }

    /// <summary>
    /// The stored image has a bright red left half and a bright green upper half. Where they are to be seen follows from the
    /// meaning of the EXIF values: 1 as is, 2 mirrored, 3 turned by 180, 4 flipped, 5 transposed, 6 turned right, 7 transversed, 8 turned
    /// left.
    /// </summary>
    [Theory]
    [InlineData(1, false, true, true)]
    [InlineData(2, false, false, true)]
    [InlineData(3, false, false, false)]
    [InlineData(4, false, true, false)]
    [InlineData(5, true, true, true)]
    [InlineData(6, true, false, true)]
    [InlineData(7, true, false, false)]
    [InlineData(8, true, true, false)]
    public void Decode_ExifOrientation_IsApplied(byte orientation, bool turned, bool columnStartsLeft, bool rowStartsTop)
    {
        byte[] jpeg = TestImages.WithOrientation(TestImages.Encode(TestImages.Quarters(32, 16), SKEncodedImageFormat.Jpeg), orientation);
        RgbImage image = ImageReader.Decode(jpeg, "a.jpg");
        Assert.Equal(turned ? (16, 32) : (32, 16), (image.Width, image.Height));

        int left = image.Width / 4;
        int right = image.Width - 1 - left;
        int top = image.Height / 4;
        int bottom = image.Height - 1 - top;
        (int x, int y) redAndGreen = (columnStartsLeft ? left : right, rowStartsTop ? top : bottom);
        foreach ((int x, int y) at in new[] { (left, top), (right, top), (left, bottom), (right, bottom) })
        {
            int red = image.Pixels[((at.y * image.Width) + at.x) * 3];
            int green = image.Pixels[(((at.y * image.Width) + at.x) * 3) + 1];
            bool redHere = turned ? at.y == redAndGreen.y : at.x == redAndGreen.x;
            bool greenHere = turned ? at.x == redAndGreen.x : at.y == redAndGreen.y;
            Assert.True(red > 128 == redHere, $"orientation {orientation}: red at {at} is {red}");
            Assert.True(green > 128 == greenHere, $"orientation {orientation}: green at {at} is {green}");
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Decode_ExifOrientationOfPng_IsThatOfJpeg(bool little, bool atEnd)
    {
        RgbImage stored = TestImages.Pattern(32, 16);
        for (byte orientation = 1; orientation <= 8; orientation++)
        {
            // A JPEG of the best quality has nearly the pixels, and Skia turns it.
            byte[] jpeg = TestImages.WithOrientation(TestImages.Encode(stored, SKEncodedImageFormat.Jpeg), orientation);
            byte[] png = TestImages.WithOrientation(TestImages.Encode(stored, SKEncodedImageFormat.Png), orientation, little, atEnd);
            RgbImage expected = ImageReader.Decode(jpeg, "a.jpg"), image = ImageReader.Decode(png, "a.png");
            Assert.Equal((expected.Width, expected.Height), (image.Width, image.Height));
            double difference = image.Pixels.Zip(expected.Pixels, (a, b) => Math.Abs((double)a - b)).Average();
            Assert.True(difference < 25, $"orientation {orientation}: {difference}");
            Assert.Equal(CenterCrop.Apply(image, 8).Pixels, ImageReader.Decode(png, "a.png", 8).Pixels);
        }
    }

    [Fact]
    public void DecodeSquare_AnySize_IsTheCropOfTheWhole()
    {
        foreach ((int width, int height) in new[] { (8, 8), (16, 16), (17, 33), (64, 20), (7, 5), (130, 67) })
        {
            foreach (SKEncodedImageFormat format in new[] { SKEncodedImageFormat.Png, SKEncodedImageFormat.Jpeg,
                SKEncodedImageFormat.Webp })
            {
                byte[] file = TestImages.Encode(TestImages.Pattern(width, height), format);
                Assert.Equal(
                    CenterCrop.Apply(ImageReader.Decode(file, "a"), 8).Pixels, ImageReader.Decode(file, "a", 8).Pixels);
            }
        }
    }

    [Fact]
    public void Decode_MorePixelsThanTheLimit_IsRefusedFromItsHeader()
    {
        // One bit a pixel: 16384 x 16384 is what 32 KB can hold.
        byte[] file = TestImages.Png(16384, 16384, 1, 0, new byte[16384 / 8 * 16384]);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Contains("16384 x 16384", Assert.Throws<InvalidDataException>(() => ImageReader.Decode(file, "a.png")).Message);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("....ftypheic....", "HEIC")]
    [InlineData("....ftypavif....", "AVIF")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull")]
    [InlineData("<!DOCTYPE html>", "HTML")]
    public void Decode_SomethingElse_IsNamedAsWhatItIs(string content, string named) => Assert.Contains(
        named, Assert.Throws<InvalidDataException>(() => ImageReader.Decode(System.Text.Encoding.ASCII.GetBytes(content),
            "a.jpg")).Message);

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void Decode_CutAnywhere_Throws(SKEncodedImageFormat format)
    {
        byte[] bytes = TestImages.Encode(TestImages.Pattern(40, 30), format, 90);
        for (int length = 1; length < bytes.Length - 16; length += 13)
        {
            InvalidDataException error = Assert.Throws<InvalidDataException>(() => ImageReader.Decode(bytes.AsSpan(0, length), "cut.img"));
            Assert.StartsWith("'cut.img' ", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Decode_CutBmp_Throws()
    {
        byte[] bytes = TestImages.Bmp(TestImages.Pattern(16, 16));
        Assert.Throws<InvalidDataException>(() => ImageReader.Decode(bytes.AsSpan(0, bytes.Length / 2), "cut.bmp"));
    }

    [Fact]
    public void Decode_Nothing_SaysEmpty() =>
        Assert.Equal("'a.jpg' is empty: it has no bytes to decode.", Assert.Throws<InvalidDataException>(
            () => ImageReader.Decode([], "a.jpg")).Message);

    [Fact]
    public void Decode_Text_SaysNoImage() => Assert.Equal(
        "'a.jpg' is not an image that can be read (12 bytes; JPEG, PNG, WebP, BMP and GIF can).",
        Assert.Throws<InvalidDataException>(() => ImageReader.Decode("not an image"u8, "a.jpg")).Message);

    [Fact]
    public void Decode_HeaderOfAHugeImage_IsRefusedBeforeDecoding()
    {
        byte[] tooLarge = TestImages.Png(30000, 30000, 8, 2, new byte[30000]);
        Assert.Contains("30000 x 30000 = 900000000 pixels; at most 178956970", Assert.Throws<InvalidDataException>(
            () => ImageReader.Decode(tooLarge, "a.png")).Message, StringComparison.Ordinal);

        byte[] notBacked = TestImages.Png(13000, 13000, 8, 2, new byte[13000]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("claims 13000 x 13000 pixels but has", Assert.Throws<InvalidDataException>(
            () => ImageReader.Decode(notBacked, "a.png")).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void ReadFile_MissingFileOrFolder_IsNamed()
    {
        string missing = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jpg");
        FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => ImageReader.ReadFile(missing));
        Assert.Contains(missing, error.Message, StringComparison.Ordinal);
        string folder = Path.GetTempPath();
        Assert.Contains($"'{folder}' is a folder", Assert.Throws<InvalidDataException>(
            () => ImageReader.ReadFile(folder)).Message, StringComparison.Ordinal);
    }
}
