using System.IO.Compression;
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
    private static readonly SKColor Background = new(0xF4, 0xF1, 0xEA);

    /// <summary>Draws the images into a zip, one folder for each kind of shape; the same seed gives the same file.</summary>
    /// <param name="path">The zip; replaced when complete.</param>
    /// <param name="seed">Seed of all that varies.</param>
    public static void Write(string path, int seed)
    {
        Random random = new(seed);
        string temporary = path + ".tmp";
        using (ZipArchive archive = new(File.Create(temporary), ZipArchiveMode.Create))
        {
            for (int i = 0; i < Count; i++)
            {
                (string name, Func<SKPath> outline) = ShapeOutlines.All[random.Next(ShapeOutlines.All.Count)];
                ZipArchiveEntry entry = archive.CreateEntry($"{name}/{i:D4}.png", CompressionLevel.NoCompression);
                entry.LastWriteTime = DateTimeOffset.UnixEpoch.AddYears(20);
                using Stream stream = entry.Open();
                using SKPath shape = outline();
                using SKData png = Draw(shape, random);
                png.SaveTo(stream);
            }
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static SKData Draw(SKPath unitShape, Random random)
    {
        using SKBitmap bitmap = new(new SKImageInfo(Size, Size, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using SKCanvas canvas = new(bitmap);
        canvas.Clear(Background);

        canvas.Translate(Pick(random, Centres), Pick(random, Centres));
        canvas.Scale(Pick(random, Radii));
        using SKPaint paint = new() { IsAntialias = true, Color = Pick(random, Colors) };
        canvas.DrawPath(unitShape, paint);
        canvas.Flush();
        return bitmap.Encode(SKEncodedImageFormat.Png, 100);
    }

    private static T Pick<T>(Random random, T[] choices) => choices[random.Next(choices.Length)];
}
