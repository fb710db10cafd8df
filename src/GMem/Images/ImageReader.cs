using SkiaSharp;

namespace GMem.Images;

/// <summary>
/// Files and bytes to pixels: JPEG, PNG, WebP, BMP and the first frame of a GIF, recognised by their content. EXIF
/// orientation is applied, transparency is laid over white, colour profiles are ignored (the numbers in the file are taken
/// as sRGB), 16-bit and grey images become 8-bit RGB. Thread-safe.
/// </summary>
public static class ImageReader
{
    /// <summary>The largest image that is decoded, in pixels: 2^28, for instance 16384 x 16384.</summary>
    public const long MaxPixels = 1L << 28;

    /// <summary>
    /// How many times longer than its shorter side an image for training may be. Of a longer one the square in the middle shows next to
    /// nothing, and scaling its shorter side up means scaling the longer one up too.
    /// </summary>
    public const int MaxAspectRatio = 50;

    /// <summary>The largest file that is read, in bytes: 2^30.</summary>
    public const long MaxFileBytes = 1L << 30;

    /// <summary>
    /// The tightest compression that is believed. DEFLATE reaches 1032 : 1, so a PNG of one bit a pixel may hold 8256 pixels a byte; a
    /// header that claims more than this (and more than <see cref="AlwaysAllowedPixels"/>) is not backed by data.
    /// </summary>
    private const long MaxPixelsPerByte = 16384;

    /// <summary>Images up to this many pixels (64 MiB) are decoded however few bytes they come from.</summary>
    private const long AlwaysAllowedPixels = 1L << 24;

    /// <summary>Reads and decodes one image file.</summary>
    /// <param name="path">A file, or a file inside a zip: <c>archive.zip/cat/0001.jpg</c>.</param>
    /// <returns>The image, upright.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or no such entry in the zip.</exception>
    /// <exception cref="InvalidDataException">It is a folder, empty, cut short, too large, or no image; the message names it.</exception>
    public static RgbImage ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Decode(ReadBytes(path), path);
    }

    /// <summary>Decodes an image file that is in memory.</summary>
    /// <param name="bytes">The content of a file.</param>
    /// <param name="name">What to call it in an error, for instance its path.</param>
    /// <returns>The image, upright.</returns>
    /// <exception cref="InvalidDataException">It is empty, cut short, too large, or no image; the message names it.</exception>
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

    /// <summary>Refuses an image too long and thin to be cut to a square, before anything is scaled.</summary>
    /// <param name="image">The image.</param>
    /// <param name="name">What the message calls it: its file, for instance.</param>
    /// <exception cref="InvalidDataException">One side is more than <see cref="MaxAspectRatio"/> times the other.</exception>
    public static void CheckAspectRatio(RgbImage image, string name)
    {
        ArgumentNullException.ThrowIfNull(image);
        (int shorter, int longer) = (Math.Min(image.Width, image.Height), Math.Max(image.Width, image.Height));
        if (longer > (long)MaxAspectRatio * shorter)
        {
            throw new InvalidDataException(
                $"'{name}' is {image.Width} x {image.Height} pixels: one side is more than {MaxAspectRatio} times the other, so the "
                    + "square in its middle shows next to nothing of it.");
        }
    }

    private static RgbImage Decode(SKCodec codec, long length, string name)
    {
        int width = codec.Info.Width;
        int height = codec.Info.Height;
        CheckSize(width, height, length, name);

        // Without a colour space Skia converts nothing: every profile is read as sRGB, as Pillow does.
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
