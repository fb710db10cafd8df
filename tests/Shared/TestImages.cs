using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using GMem.Images;
using SkiaSharp;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>Small images and image files for tests, made on the spot.</summary>
internal static class TestImages
{
    /// <summary>Pixels that differ from place to place and from channel to channel.</summary>
    public static RgbImage Pattern(int width, int height, int seed = 0)
    {
        byte[] pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int at = ((y * width) + x) * 3;
                pixels[at] = (byte)((x * 7) + (y * 3) + (seed * 31));
                pixels[at + 1] = (byte)((x * 2) + (y * 11) + (seed * 17));
                pixels[at + 2] = (byte)((x * y) + seed);
            }
        }

        return new RgbImage(width, height, pixels);
    }

    /// <summary>Bright red in the left half, bright green in the upper half, even blue; survives JPEG.</summary>
    public static RgbImage Quarters(int width, int height)
    {
        byte[] pixels = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++)
        {
            (int x, int y) = (i % width, i / width);
            pixels[i * 3] = (byte)(x < width / 2 ? 220 : 30);
            pixels[(i * 3) + 1] = (byte)(y < height / 2 ? 200 : 40);
            pixels[(i * 3) + 2] = 120;
        }

        return new RgbImage(width, height, pixels);
    }

    public static byte[] Encode(RgbImage image, SKEncodedImageFormat format, int quality = 100)
    {
        using SKBitmap bitmap = new(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            bitmap.SetPixel(
                i % image.Width, i / image.Width, new SKColor(image.Pixels[i * 3], image.Pixels[(i * 3) + 1], image.Pixels[(i * 3) + 2]));
        }

        using SKData data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    /// <summary>A PNG file of raw samples, of any bit depth and colour type (0 grey, 2 RGB, 4 grey with alpha, 6 RGBA).</summary>
    public static byte[] Png(int width, int height, byte bitDepth, byte colorType, byte[] samples)
    {
        int stride = samples.Length / height;
        using MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int y = 0; y < height; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(samples, y * stride, stride);
            }
        }

        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = bitDepth;
        header[9] = colorType;
        return [0x89, (byte)'P',
            (byte)'N', (byte)'G', 13, 10, 26, 10, .. Chunk("IHDR", header), .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", [])];
    }

    /// <summary>An uncompressed 24-bit BMP file.</summary>
    public static byte[] Bmp(RgbImage image)
    {
        int stride = ((image.Width * 3) + 3) / 4 * 4;
        byte[] file = new byte[54 + (stride * image.Height)];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 54);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), image.Width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), image.Height);
        file[26] = 1;
        file[28] = 24;
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            int to = 54 + ((image.Height - 1 - (i / image.Width)) * stride) + (i % image.Width * 3);
            file[to] = image.Pixels[(i * 3) + 2];
            file[to + 1] = image.Pixels[(i * 3) + 1];
            file[to + 2] = image.Pixels[i * 3];
        }

        return file;
    }

    /// <summary>A GIF file with two frames of one pixel, the first red, the second green.</summary>
    public static byte[] Gif() =>
    [
        .. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 255, 0,
        0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0,
        0x21, 0xF9, 4, 0, 10, 0, 0, 0,
        0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 1, 0,
        0x3B,
    ];

    /// <summary>
    /// A JPEG file of 8 x 8 pixels of one colour in CMYK, inverted as Adobe's programs write it: no cyan, full magenta and yellow, no
    /// black, which is red. Every block is its mean alone.
    /// </summary>
    public static byte[] CmykJpeg()
    {
        byte[] ones = [.. Enumerable.Repeat((byte)1, 64)];
        ones[0] = 8;

        // One Huffman code each: means of 7 bits, and the end of a block. Each block: code 0, the mean (127 or, as its complement, -127),
        // code 0.
        byte[] dc = [0, 1, .. new byte[15], 7], ac = [0x10, 1, .. new byte[15], 0];
        string bits = string.Concat(new[] { "1111111", "0000000", "0000000", "1111111" }.Select(mean => $"0{mean}0")).PadRight(40, '1');
        byte[] scan = [.. Enumerable.Range(0, 5).Select(i => Convert.ToByte(bits.Substring(8 * i, 8), 2))];
        byte[] components = [.. Enumerable.Range(1, 4).SelectMany(i => new byte[] { (byte)i, 0x11, 0 })];
        byte[] selectors = [.. Enumerable.Range(1, 4).SelectMany(i => new byte[] { (byte)i, 0 })];
        return
        [
            0xFF, 0xD8,
            .. Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0]),
            .. Segment(0xDB, [0, .. ones]),
            .. Segment(0xC0, [8, 0, 8, 0, 8, 4, .. components]),
            .. Segment(0xC4, dc),
            .. Segment(0xC4, ac),
            .. Segment(0xDA, [4, .. selectors, 0, 63, 0]),
            .. scan, 0xFF, 0xD9,
        ];

        static byte[] Segment(byte marker, byte[] content) =>
            [0xFF, marker, (byte)((content.Length + 2) >> 8), (byte)(content.Length + 2), .. content];
    }

    /// <summary>Puts an EXIF block with that orientation (1 to 8) behind the first marker of a JPEG file.</summary>
    public static byte[] WithOrientation(byte[] jpeg, byte orientation)
    {
        byte[] exif = [.. "Exif"u8, 0, 0, .. Exif(orientation, little: false)];
        int length = exif.Length + 2;
        return [jpeg[0], jpeg[1], 0xFF, 0xE1, (byte)(length >> 8), (byte)length, .. exif, .. jpeg[2..]];
    }

    /// <summary>Puts an EXIF block with that orientation before or behind the pixels of a PNG file.</summary>
    public static byte[] WithOrientation(byte[] png, byte orientation, bool little, bool atEnd)
    {
        const int Header = 8 + 25, End = 12;
        int at = atEnd ? png.Length - End : Header;
        return [.. png[..at], .. Chunk("eXIf", Exif(orientation, little)), .. png[at..]];
    }

    /// <summary>A TIFF header and a directory with the one tag.</summary>
    private static byte[] Exif(byte orientation, bool little) => little
        ? [.. "II"u8, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
        : [.. "MM"u8, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];

    /// <summary>An image from a <c>[H, W, 3]</c> uint8 tensor.</summary>
    public static RgbImage FromRows(torch.Tensor rows)
    {
        using torch.Tensor plain = rows.contiguous();
        return new RgbImage((int)rows.shape[1], (int)rows.shape[0], plain.bytes.ToArray());
    }

    /// <summary>Writes a file, and the folders above it, and returns its path.</summary>
    public static string Write(TemporaryFolder folder, string name, byte[] bytes)
    {
        string path = folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static byte[] Chunk(string type, byte[] content)
    {
        byte[] chunk = new byte[content.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        content.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + content.Length), Crc(chunk.AsSpan(4, content.Length + 4)));
        return chunk;
    }

    /// <summary>The CRC-32 of zip and PNG files.</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int k = 0; k < 8; k++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
        }

        return ~crc;
    }
}
