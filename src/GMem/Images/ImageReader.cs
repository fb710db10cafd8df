using GMem.FileFormats;
using SkiaSharp;

namespace GMem.Images;

/// <summary>
/// Decodes image files and bytes: JPEG, PNG, WebP, BMP and the first frame of a GIF, recognised by their content. EXIF
/// orientation is applied (JPEG, PNG, WebP) and transparency is composited over white. Colour profiles are ignored: the values in the file
/// are treated as sRGB. 16-bit and greyscale images become 8-bit RGB. Thread-safe.
/// </summary>
public static class ImageReader
{
    /// <summary>
    /// Maximum size of an image in pixels: 178,956,970, for instance 13377 x 13377, above which Pillow too suspects an attack. Larger ones
    /// are refused from their header.
    /// </summary>
    public const long MaxPixels = 178_956_970;

    /// <summary>
    /// Maximum ratio of the longer to the shorter side of a training image. Beyond it, the central square shows almost nothing of the
    /// image, and enlarging the shorter side would enlarge the longer one enormously.
    /// </summary>
    public const int MaxAspectRatio = 50;

    /// <summary>Maximum size of a file in bytes: 2^28.</summary>
    public const long MaxFileBytes = 1L << 28;

    internal const long DefaultMemoryBudget = 256L << 20;

    /// <summary>
    /// The highest plausible compression. DEFLATE reaches 1032 : 1, so a PNG with one bit per pixel may hold 8256 pixels per byte. A
    /// header that claims more than this limit (and more than <see cref="AlwaysAllowedPixels"/>) is not backed by data.
    /// </summary>
    private const long MaxPixelsPerByte = 16384;

    /// <summary>Images up to this many pixels (64 MiB) are decoded however small the file is.</summary>
    private const long AlwaysAllowedPixels = 1L << 24;

    /// <summary>
    /// Bytes of decoded pixels, 4 a pixel, that all threads of the process together hold while they decode; whoever would go beyond them
    /// waits. An image that is larger by itself is decoded alone. As much again bounds files that have been read and not decoded yet. Above
    /// 0. Default 2^28 (256 MiB).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is set to 0 or less.</exception>
    public static long MemoryBudget
    {
        get => DecodingMemory.Budget;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            DecodingMemory.Budget = value;
        }
    }

    /// <summary>Reads and decodes one image file.</summary>
    /// <param name="path">
    /// A file, a file inside a zip or tar: <c>archive.zip/cat/0001.jpg</c>, or a row of a Parquet file, counted from 0:
    /// <c>data.parquet/17</c>. Of a Parquet file a whole row group is read and kept for the next rows.
    /// </param>
    /// <returns>The image, upright.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or none of that name in the archive.</exception>
    /// <exception cref="InvalidDataException">The path is a folder, or the file is empty, truncated, too large, or not an image; the
    /// message names it.</exception>
    public static RgbImage ReadFile(string path)
    {
        using IDisposable share = Bytes(path, out ReadOnlyMemory<byte> bytes);
        return Decode(bytes.Span, path);
    }

    /// <summary>
    /// Reads an image file and crops it to its central square (<see cref="CenterCrop.Apply"/>), without ever holding all of
    /// it beside the decoder's own copy.
    /// </summary>
    /// <param name="path">As for <see cref="ReadFile"/>.</param>
    /// <param name="size">Side of the square in pixels, at least 1.</param>
    /// <param name="maxAspectRatio">
    /// How many times longer one side may be than the other, for training <see cref="MaxAspectRatio"/>; null for any. Default null.
    /// </param>
    /// <returns>An image of <c>size x size</c>.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or none of that name in the archive.</exception>
    /// <exception cref="InvalidDataException">As for <see cref="ReadFile"/>, or it is too long and thin.</exception>
    public static RgbImage ReadSquare(string path, int size, int? maxAspectRatio = null) =>
        ReadSquareAndSize(path, size, maxAspectRatio, out _, out _);

    /// <summary>The same as <see cref="ReadSquare"/>, and how large the image was.</summary>
    /// <param name="path">A file, or a file inside a zip.</param>
    /// <param name="size">Side of the square in pixels, at least 1.</param>
    /// <param name="maxAspectRatio">As for <see cref="ReadSquare"/>.</param>
    /// <param name="width">Pixels from left to right in the upright image, before it was cropped.</param>
    /// <param name="height">Pixels from top to bottom.</param>
    /// <returns>An image of <c>size x size</c>.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or no such entry in the zip.</exception>
    /// <exception cref="InvalidDataException">As for <see cref="ReadSquare"/>.</exception>
    public static RgbImage ReadSquareAndSize(string path, int size, int? maxAspectRatio, out int width, out int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        using IDisposable share = Bytes(path, out ReadOnlyMemory<byte> bytes);
        (int Width, int Height) original = default;
        RgbImage square = Decode(bytes.Span, path, maxAspectRatio, view =>
        {
            original = (view.Width, view.Height);
            return CenterCrop.Square(view, size);
        });
        (width, height) = original;
        return square;
    }

    /// <summary>Decodes an image file that is in memory.</summary>
    /// <param name="bytes">The content of a file.</param>
    /// <param name="name">Name to use in error messages, for instance its path.</param>
    /// <returns>The image, upright.</returns>
    /// <exception cref="InvalidDataException">The bytes are empty, truncated, too large, or not an image; the message includes the
    /// name.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string name) =>
        Decode(bytes, name, maxAspectRatio: null, static view => view.ToImage());

    /// <summary>Decodes an image file that is in memory and crops it to its central square, as <see cref="ReadSquare"/> does.</summary>
    /// <param name="bytes">The content of a file.</param>
    /// <param name="name">Name to use in error messages, for instance its path.</param>
    /// <param name="size">Side of the square in pixels, at least 1.</param>
    /// <param name="maxAspectRatio">As for <see cref="ReadSquare"/>.</param>
    /// <returns>An image of <c>size x size</c>.</returns>
    /// <exception cref="InvalidDataException">As for <see cref="ReadSquare"/>.</exception>
    public static RgbImage DecodeSquare(ReadOnlySpan<byte> bytes, string name, int size, int? maxAspectRatio = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        return Decode(bytes, name, maxAspectRatio, view => CenterCrop.Square(view, size));
    }

    private static RgbImage Decode(ReadOnlySpan<byte> bytes, string name, int? maxAspectRatio, Func<PixelView, RgbImage> take)
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
                        : OtherFormat.Of(bytes) is { } other ? $"'{name}' is {other}."
                        : $"'{name}' is not an image that can be read ({bytes.Length} bytes; JPEG, PNG, WebP, BMP and GIF can).");
                }

                SKEncodedOrigin origin = codec.EncodedFormat == SKEncodedImageFormat.Png ? PngOrientation.Of(bytes) : codec.EncodedOrigin;
                return Decode(codec, origin, bytes.Length, name, maxAspectRatio, take);
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
        CheckAspectRatio(image.Width, image.Height, MaxAspectRatio, name);
    }

    private static void CheckAspectRatio(int width, int height, int ratio, string name)
    {
        if (Math.Max(width, height) > (long)ratio * Math.Min(width, height))
        {
            throw new InvalidDataException(
                $"'{name}' is {width} x {height} pixels: one side is more than {ratio} times the other, so its "
                    + "central square shows almost nothing of it.");
        }
    }

    private static RgbImage Decode(
        SKCodec codec, SKEncodedOrigin origin, long length, string name, int? maxAspectRatio, Func<PixelView, RgbImage> take)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        CheckSize(width, height, length, name);
        if (maxAspectRatio is { } ratio)
        {
            CheckAspectRatio(width, height, ratio, name);
        }

        // Without a colour space Skia does no conversion: every profile is treated as sRGB, as in Pillow.
        SKImageInfo info = new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, colorspace: null);
        using DecodedPixels pixels = Allocate(width, height, name);
        SKCodecResult result;
        unsafe
        {
            fixed (byte* first = pixels.Bytes)
            {
                result = codec.GetPixels(info, (nint)first);
            }
        }

        if (result != SKCodecResult.Success)
        {
            throw new InvalidDataException(result == SKCodecResult.IncompleteInput
                ? $"'{name}' was cut short: its {length} bytes end before its {width} x {height} pixels are complete."
                : $"'{name}' cannot be decoded: its data are damaged ({result}).");
        }

        if (codec.Info.AlphaType != SKAlphaType.Opaque)
        {
            PixelConversion.OverWhite(pixels.Bytes);
        }

        return take(new PixelView(pixels.Bytes, width, height, DecodedPixels.Channels, origin));
    }

    private static DecodedPixels Allocate(int width, int height, string name)
    {
        try
        {
            return new DecodedPixels(width, height);
        }
        catch (OutOfMemoryException e)
        {
            throw new InvalidDataException($"'{name}' is {width} x {height} pixels: there is not enough memory to decode it.", e);
        }
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

    /// <summary>The content of a file, and what it takes of the budget until it is disposed.</summary>
    private static IDisposable Bytes(string path, out ReadOnlyMemory<byte> bytes)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (File.Exists(path))
        {
            long length = RequireBytes(path);
            if (length > MaxFileBytes)
            {
                throw new InvalidDataException($"'{path}' has {length} bytes; at most {MaxFileBytes} are read. Is it an image?");
            }

            return Hold(length, () => File.ReadAllBytes(path), out bytes);
        }

        if (OpenArchives.Split(path) is { } entry)
        {
            (IDisposable share, bytes) = OpenArchives.Use(entry.Archive, archive =>
                (Hold(archive.Length(entry), () => archive.Read(entry), out ReadOnlyMemory<byte> read), read));
            return share;
        }

        throw Directory.Exists(path)
            ? new InvalidDataException($"'{path}' is a folder, not an image file. ImageCollection.Enumerate lists the images in it.")
            : new FileNotFoundException($"There is no image file '{path}'.", path);
    }

    private static IDisposable Hold(long length, Func<ReadOnlyMemory<byte>> read, out ReadOnlyMemory<byte> bytes)
    {
        IDisposable share = DecodingMemory.Encoded.Take(length);
        try
        {
            bytes = read();
            return share;
        }
        catch
        {
            share.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Throws where there is nothing to read, before the file is opened: opening a pipe would wait for who writes into it.
    /// </summary>
    internal static long RequireBytes(string path)
    {
        long length = RealPath.LengthOf(path);
        return length > 0 ? length : throw new InvalidDataException(
            $"'{path}' is empty: it has no bytes to decode. (A pipe or a device cannot be read either.)");
    }
}
