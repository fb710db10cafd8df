using GMem.Images;
using GMem.Tests.Shared;
using SkiaSharp;

namespace GMem.Tests.Images;

/// <summary>Damaged images are decoded or are an InvalidDataException that names the file.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class ImageMutationTests
{
    [Fact]
    public void Decode_OfDamagedImages_DecodesOrIsInvalidData() => new Mutator("images", 0.1, [.. Good()]).Run(
        bytes => _ = ImageReader.Decode(bytes, "the file"),
        e => e is InvalidDataException && e.Message.Contains("the file", StringComparison.Ordinal));

    private static IEnumerable<byte[]> Good()
    {
        using SKBitmap bitmap = new(37, 23);
        for (int y = 0; y < bitmap.Height; y++)
        {
            for (int x = 0; x < bitmap.Width; x++)
            {
                bitmap.SetPixel(x, y, new SKColor((byte)(x * 7), (byte)(y * 11), (byte)(x ^ y), (byte)(255 - x)));
            }
        }

        foreach (SKEncodedImageFormat format in new[] { SKEncodedImageFormat.Png, SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Webp })
        {
            using SKData data = bitmap.Encode(format, 80);
            yield return data.ToArray();
        }

        yield return Gif;
        yield return Bmp();
    }

    /// <summary>A GIF of 1 x 1 pixels.</summary>
    private static byte[] Gif => Convert.FromBase64String("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7");

    /// <summary>A BMP of 4 x 4 pixels of 24 bits.</summary>
    private static byte[] Bmp()
    {
        byte[] bytes = new byte[54 + 48];
        "BM"u8.CopyTo(bytes);
        foreach ((int at, int value) in new[] { (2, 102), (10, 54), (14, 40), (18, 4), (22, 4), (26, 1 | (24 << 16)), (34, 48) })
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(at), value);
        }

        return bytes;
    }
}
