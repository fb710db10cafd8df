using System.IO.Compression;
using GMem.Images;
using SkiaSharp;

namespace Examples.Shared;

/// <summary>The data set that needs no download: coloured shapes of several kinds and sizes, anywhere on a plain background.
/// It is as rich as a few minutes on two CPU cores can learn to draw clearly; more kinds, turns and shades only take longer.</summary>
internal static class ShapesDataSet
{
    private const int Size = SmallRecipe.ImageSize;
    private const int Count = 4096;

    private static readonly float[] Radii = [8, 10.5f];
    private static readonly float[] Centres = [11.5f, 20.5f];

    private static readonly SKColor[] Colors = [new(0xE6, 0x39, 0x46), new(0xF7, 0x9F, 0x10), new(0x2A, 0x9D, 0x4F), new(0x2F, 0x5F, 0xE0)];
    private static readonly string[] ColorNames = ["red", "orange", "green", "blue"];
    private static readonly SKColor Background = new(0xF4, 0xF1, 0xEA);

    /// <summary>Draws the images into a zip, one folder for each label; the same seed gives the same file.</summary>
    /// <param name="path">The zip; replaced when complete.</param>
    /// <param name="seed">Seed of all that varies.</param>
    /// <param name="isDescribed">Whether labels say size and colour too, <c>small blue ring</c> for <c>ring</c>.</param>
    /// <param name="count">How many.</param>
    public static void Write(string path, int seed, bool isDescribed = false, int count = Count) =>
        Write(path, seed, isDescribed, count, ShapeOutlines.All, Colors);

    /// <summary>A few pictures of what the data set lacks: stars, and in a colour of their own.</summary>
    /// <param name="path">The zip; replaced when complete.</param>
    /// <param name="seed">Seed of all that varies.</param>
    /// <param name="count">How many.</param>
    public static void WriteStars(string path, int seed, int count) =>
        Write(path, seed, isDescribed: false, count, [("star", ShapeOutlines.Star)], [new(0x7B, 0x2C, 0xBF)]);

    private static void Write(
        string path, int seed, bool isDescribed, int count, IReadOnlyList<(string Name, Func<SKPath> Outline)> outlines, SKColor[] colors)
    {
        Random random = new(seed);
        string temporary = path + ".tmp";
        using (ZipArchive archive = new(File.Create(temporary), ZipArchiveMode.Create))
        {
            for (int i = 0; i < count; i++)
            {
                (string name, Func<SKPath> outline) = outlines[random.Next(outlines.Count)];
                SKPoint centre = new(Pick(random, Centres), Pick(random, Centres));
                float radius = Pick(random, Radii);
                SKColor color = Pick(random, colors);
                string size = radius == Radii[0] ? "small" : "large";
                string label = isDescribed ? $"{size} {ColorNames[Array.IndexOf(Colors, color)]} {name}" : name;
                ZipArchiveEntry entry = archive.CreateEntry($"{label}/{i:D4}.png", CompressionLevel.NoCompression);
                entry.LastWriteTime = DateTimeOffset.UnixEpoch.AddYears(20);
                using Stream stream = entry.Open();
                using SKPath shape = outline();
                using SKData png = Draw(shape, centre, radius, color);
                png.SaveTo(stream);
            }
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Shapes that are not in the data set: in other places and colours, the last of them far from all that is in it.</summary>
    public static IReadOnlyList<RgbImage> Unseen()
    {
        (string Name, SKColor Color, float X, float Y, float Radius)[] shapes =
        [
            ("ring", new(0x14, 0x80, 0x90), 12, 20, 9), ("square", new(0xEE, 0x6A, 0x2B), 19, 13, 9),
            ("triangle", new(0x63, 0x9E, 0x30), 14, 13, 10), ("circle", new(0x8A, 0x4F, 0x93), 16, 16, 9.5f),
        ];
        List<RgbImage> images = [];
        foreach ((string name, SKColor color, float x, float y, float radius) in shapes)
        {
            using SKPath shape = ShapeOutlines.All.Single(o => o.Name == name).Outline();
            using SKData png = Draw(shape, new SKPoint(x, y), radius, color);
            images.Add(ImageReader.Decode(png.AsSpan(), name));
        }

        return images;
    }

    private static SKData Draw(SKPath unitShape, SKPoint centre, float radius, SKColor color)
    {
        using SKBitmap bitmap = new(new SKImageInfo(Size, Size, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using SKCanvas canvas = new(bitmap);
        canvas.Clear(Background);

        canvas.Translate(centre.X, centre.Y);
        canvas.Scale(radius);
        using SKPaint paint = new() { IsAntialias = true, Color = color };
        canvas.DrawPath(unitShape, paint);
        canvas.Flush();
        return bitmap.Encode(SKEncodedImageFormat.Png, 100);
    }

    private static T Pick<T>(Random random, T[] choices) => choices[random.Next(choices.Length)];
}
