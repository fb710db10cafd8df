using SkiaSharp;

namespace GMem.Images;

/// <summary>
/// Decodes image files and bytes: JPEG, PNG, WebP, BMP and the first frame of a GIF, recognised by their content. EXIF
/// orientation is applied and transparency is composited over white. Colour profiles are ignored: the values in the file are
/// treated as sRGB. 16-bit and greyscale images become 8-bit RGB. Thread-safe.
/// </summary>
public static class ImageReader
{
    /// <summary>Maximum size of a decoded image in pixels: 2^28, for instance 16384 x 16384.</summary>
    public const long MaxPixels = 1L << 28;

    /// <summary>
    /// Maximum ratio of the longer to the shorter side of a training image. Beyond it, the central square shows almost nothing of the
    /// image, and enlarging the shorter side would enlarge the longer one enormously.
    /// </summary>
    public const int MaxAspectRatio = 50;

    /// <summary>Maximum size of a file in bytes: 2^30.</summary>
    public const long MaxFileBytes = 1L << 30;

    /// <summary>
    /// The highest plausible compression. DEFLATE reaches 1032 : 1, so a PNG with one bit per pixel may hold 8256 pixels per byte. A
    /// header that claims more than this limit (and more than <see cref="AlwaysAllowedPixels"/>) is not backed by data.
    /// </summary>
    private const long MaxPixelsPerByte = 16384;

    /// <summary>Images up to this many pixels (64 MiB) are decoded however small the file is.</summary>
    private const long AlwaysAllowedPixels = 1L << 24;

    /// <summary>Reads and decodes one image file.</summary>
    /// <param name="path">A file, or a file inside a zip: <c>archive.zip/cat/0001.jpg</c>.</param>
    /// <returns>The image, upright.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or no such entry in the zip.</exception>
    /// <exception cref="InvalidDataException">The path is a folder, or the file is empty, truncated, too large, or not an image; the
    /// message names it.</exception>
    public static RgbImage ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Decode(ReadBytes(path), path);
    }

    /// <summary>Decodes an image file that is in memory.</summary>
    /// <param name="bytes">The content of a file.</param>
    /// <param name="name">Name to use in error messages, for instance its path.</param>
    /// <returns>The image, upright.</returns>
    /// <exception cref="InvalidDataException">The bytes are empty, truncated, too large, or not an image; the message includes the
    /// name.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes.IsEmpty)
        {
            throw new InvalidDataException($"'{name}' is empty: it has no bytes to decode.");
        }

        unsafe
        {
            fixed (byte* first = bytes)
            {
                using SKData data = SKData.Create((nint)first, bytes.Length);
                using SKMemoryStream stream = new(data);
                using SKCodec? codec = SKCodec.Create(stream, out SKCodecResult result);
                if (codec is null)
                {
                    throw new InvalidDataException(result == SKCodecResult.IncompleteInput
                        ? $"'{name}' ends within its header ({bytes.Length} bytes): it was cut short."
                        : $"'{name}' is not an image that can be read ({bytes.Length} bytes; JPEG, PNG, WebP, BMP and GIF can).");
                }

                return Decode(codec, bytes.Length, name);
            }
        }
    }

    /// <summary>Throws if an image is too long and thin to be cropped to a square. Call it before scaling anything.</summary>
    /// <param name="image">The image.</param>
    /// <param name="name">Name to use in the error message, for instance its path.</param>
    /// <exception cref="InvalidDataException">One side is more than <see cref="MaxAspectRatio"/> times the other.</exception>
    public static void CheckAspectRatio(RgbImage image, string name)
    {
        ArgumentNullException.ThrowIfNull(image);
        (int shorter, int longer) = (Math.Min(image.Width, image.Height), Math.Max(image.Width, image.Height));
        if (longer > (long)MaxAspectRatio * shorter)
        {
            throw new InvalidDataException(
                $"'{name}' is {image.Width} x {image.Height} pixels: one side is more than {MaxAspectRatio} times the other, so its "
                    + "central square shows almost nothing of it.");
        }
    }

    private static RgbImage Decode(SKCodec codec, long length, string name)
    {
        int width = codec.Info.Width;
        int height = codec.Info.Height;
        CheckSize(width, height, length, name);

        // Without a colour space Skia does no conversion: every profile is treated as sRGB, as in Pillow.
        SKImageInfo info = new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, colorspace: null);
        using SKBitmap bitmap = new();
        if (!bitmap.TryAllocPixels(info))
        {
            throw new InvalidDataException($"'{name}' is {width} x {height} pixels: there is not enough memory to decode it.");
        }

        SKCodecResult result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw new InvalidDataException(result == SKCodecResult.IncompleteInput
                ? $"'{name}' was cut short: its {length} bytes end before its {width} x {height} pixels are complete."
                : $"'{name}' cannot be decoded: its data are damaged ({result}).");
        }

        RgbImage image = new(width, height, PixelConversion.OverWhite(bitmap.GetPixelSpan(), codec.Info.AlphaType == SKAlphaType.Opaque));
        return PixelConversion.Upright(image, codec.EncodedOrigin);
    }

    private static void CheckSize(int width, int height, long length, string name)
    {
        long pixels = (long)width * height;
        if (width < 1 || height < 1)
        {
            throw new InvalidDataException($"'{name}' has no pixels: its header says {width} x {height}.");
        }

        if (pixels > MaxPixels)
        {
            throw new InvalidDataException(
                $"'{name}' is {width} x {height} = {pixels} pixels; at most {MaxPixels} are decoded. Make it smaller.");
        }

        if (pixels > AlwaysAllowedPixels && pixels / MaxPixelsPerByte > length)
        {
            throw new InvalidDataException(
                $"'{name}' claims {width} x {height} pixels but has {length} bytes: it is damaged or was cut short.");
        }
    }

    private static byte[] ReadBytes(string path)
    {
        FileInfo file = new(path);
        if (!file.Exists)
        {
            if (ZipImages.TrySplit(path, out string archive, out string entry))
            {
                return ZipImages.Read(archive, entry);
            }

            throw Directory.Exists(path)
                ? new InvalidDataException($"'{path}' is a folder, not an image file. ImageFolder.Enumerate lists the images in it.")
                : new FileNotFoundException($"There is no image file '{path}'.", path);
        }

        return file.Length <= MaxFileBytes
            ? File.ReadAllBytes(path)
            : throw new InvalidDataException($"'{path}' has {file.Length} bytes; at most {MaxFileBytes} are read. Is it an image?");
    }
}
