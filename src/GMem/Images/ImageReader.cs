using GMem.FileFormats;
using SkiaSharp;

namespace GMem.Images;

/// <summary>
/// Decodes image files and bytes: JPEG, PNG, WebP, BMP and the first frame of a GIF, recognised by their content. EXIF
/// orientation is applied (JPEG, PNG, WebP). Colour profiles are ignored: the values in the file are treated as sRGB. 16-bit images become
/// 8-bit. Images are RGB, with transparency composited over white, unless a shape asks for other channels. Thread-safe.
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
    public static RgbImage ReadFile(string path) => ReadWhole(path, ImageShape.Rgb);

    /// <summary>
    /// Reads an image file and brings it to a shape (<see cref="CenterCrop.Apply"/>), without ever holding all of it beside the decoder's
    /// own copy.
    /// </summary>
    /// <param name="path">As for <see cref="ReadFile(string)"/>.</param>
    /// <param name="shape">The shape; a number is the side of a square in RGB.</param>
    /// <param name="maxAspectRatio">
    /// How many times longer than the shape's the image may be in one direction, for training <see cref="MaxAspectRatio"/>; null for any.
    /// Default null.
    /// </param>
    /// <returns>An image of that shape.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or none of that name in the archive.</exception>
    /// <exception cref="InvalidDataException">As for <see cref="ReadFile(string)"/>, or it is too long and thin.</exception>
    public static RgbImage ReadFile(string path, ImageShape shape, int? maxAspectRatio = null) =>
        ReadFile(path, shape, maxAspectRatio, out _, out _);

    /// <summary>The same, and how large the image was.</summary>
    /// <param name="path">As for <see cref="ReadFile(string)"/>.</param>
    /// <param name="shape">The shape; a number is the side of a square in RGB.</param>
    /// <param name="maxAspectRatio">As for <see cref="ReadFile(string, ImageShape, int?)"/>.</param>
    /// <param name="width">Pixels from left to right in the upright image, before it was cropped.</param>
    /// <param name="height">Pixels from top to bottom.</param>
    /// <returns>An image of that shape.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or none of that name in the archive.</exception>
    /// <exception cref="InvalidDataException">As for <see cref="ReadFile(string, ImageShape, int?)"/>.</exception>
    public static RgbImage ReadFile(string path, ImageShape shape, int? maxAspectRatio, out int width, out int height)
    {
        shape.Validate();
        using IDisposable share = Bytes(path, out ReadOnlyMemory<byte> bytes);
        (int Width, int Height) original = default;
        RgbImage fitted = Decode(bytes.Span, path, shape, maxAspectRatio, view =>
        {
            original = (view.Width, view.Height);
            return CenterCrop.Scaled(view, shape);
        });
        (width, height) = original;
        return fitted;
    }

    /// <summary>Decodes an image file that is in memory.</summary>
    /// <param name="bytes">The content of a file.</param>
    /// <param name="name">Name to use in error messages, for instance its path.</param>
    /// <returns>The image, upright.</returns>
    /// <exception cref="InvalidDataException">The bytes are empty, truncated, too large, or not an image; the message includes the
    /// name.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string name) => DecodeWhole(bytes, name, ImageShape.Rgb);

    /// <summary>
    /// Decodes an image file that is in memory and brings it to a shape, as <see cref="ReadFile(string, ImageShape, int?)"/> does.
    /// </summary>
    /// <param name="bytes">The content of a file.</param>
    /// <param name="name">Name to use in error messages, for instance its path.</param>
    /// <param name="shape">The shape; a number is the side of a square in RGB.</param>
    /// <param name="maxAspectRatio">As for <see cref="ReadFile(string, ImageShape, int?)"/>.</param>
    /// <returns>An image of that shape.</returns>
    /// <exception cref="InvalidDataException">As for <see cref="ReadFile(string, ImageShape, int?)"/>.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string name, ImageShape shape, int? maxAspectRatio = null)
    {
        shape.Validate();
        return Decode(bytes, name, shape, maxAspectRatio, view => CenterCrop.Scaled(view, shape));
    }

    /// <summary>Reads an image file at the size that it has, in the channels wanted (<see cref="RgbImage.ToChannels"/>).</summary>
    /// <param name="path">As for <see cref="ReadFile(string)"/>.</param>
    /// <param name="channels">Bytes a pixel: 1, 3 or 4.</param>
    /// <returns>The image, upright.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or none of that name in the archive.</exception>
    /// <exception cref="InvalidDataException">As for <see cref="ReadFile(string)"/>.</exception>
    public static RgbImage ReadWhole(string path, int channels)
    {
        using IDisposable share = Bytes(path, out ReadOnlyMemory<byte> bytes);
        return DecodeWhole(bytes.Span, path, channels);
    }

    /// <summary>The same of a file that is in memory.</summary>
    /// <param name="bytes">The content of a file.</param>
    /// <param name="name">Name to use in error messages, for instance its path.</param>
    /// <param name="channels">Bytes a pixel: 1, 3 or 4.</param>
    /// <returns>The image, upright.</returns>
    /// <exception cref="InvalidDataException">As for <see cref="ReadFile(string)"/>.</exception>
    public static RgbImage DecodeWhole(ReadOnlySpan<byte> bytes, string name, int channels)
    {
        ImageShape any = new(1, 1, channels);
        any.Validate();
        return Decode(bytes, name, any, maxAspectRatio: null, static view => view.ToImage());
    }

    private static RgbImage Decode(
        ReadOnlySpan<byte> bytes, string name, ImageShape shape, int? maxAspectRatio, Func<PixelView, RgbImage> take)
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
                return Decode(codec, origin, bytes.Length, name, shape, maxAspectRatio, take);
            }
        }
    }

    /// <summary>Throws if an image is too long and thin to be brought to a shape. Call it before scaling anything.</summary>
    /// <param name="image">The image.</param>
    /// <param name="name">Name to use in the error message, for instance its path.</param>
    /// <param name="shape">The shape; a number is a square.</param>
    /// <exception cref="InvalidDataException">
    /// In one direction it is more than <see cref="MaxAspectRatio"/> times longer than the shape's aspect ratio has it.
    /// </exception>
    public static void CheckAspectRatio(RgbImage image, string name, ImageShape shape)
    {
        ArgumentNullException.ThrowIfNull(image);
        CheckAspectRatio(image.Width, image.Height, shape, MaxAspectRatio, name);
    }

    private static void CheckAspectRatio(int width, int height, ImageShape shape, int ratio, string name)
    {
        (long across, long down) = ((long)width * shape.Height, (long)height * shape.Width);
        if (Math.Max(across, down) <= ratio * Math.Min(across, down))
        {
            return;
        }

        throw new InvalidDataException(shape.Width == shape.Height
            ? $"'{name}' is {width} x {height} pixels: one side is more than {ratio} times the other, so its central square shows almost "
                + "nothing of it."
            : $"'{name}' is {width} x {height} pixels: for images of {shape.Width} x {shape.Height}, one side is more than {ratio} times "
                + "too long, so its middle shows almost nothing of it.");
    }

    private static RgbImage Decode(
        SKCodec codec, SKEncodedOrigin origin, long length, string name, ImageShape shape, int? maxAspectRatio,
        Func<PixelView, RgbImage> take)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        CheckSize(width, height, length, name);
        if (maxAspectRatio is { } ratio)
        {
            CheckAspectRatio(width, height, shape, ratio, name);
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

        if (codec.Info.AlphaType != SKAlphaType.Opaque && shape.Channels != ImageShape.Rgba)
        {
            PixelConversion.OverWhite(pixels.Bytes);
        }

        if (shape.Channels == ImageShape.Grey)
        {
            PixelConversion.ToGrey(pixels.Bytes);
        }

        return take(new PixelView(pixels.Bytes, width, height, DecodedPixels.Channels, shape.Channels, origin));
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
