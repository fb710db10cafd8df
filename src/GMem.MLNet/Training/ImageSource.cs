using GMem.Images;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Training;

/// <summary>An image that has been read from its row but not decoded.</summary>
/// <param name="Source">The file it comes from, or null.</param>
/// <param name="Decode">Gives the image; may run on any thread.</param>
internal readonly record struct ImageToDecode(string? Source, Func<RgbImage> Decode);

/// <summary>
/// Reads the image column in two parts: on the cursor's thread what the row holds is copied; the rest, file access and decoding, is a function that
/// may run on any thread.
/// </summary>
internal static class ImageSource
{
    /// <param name="cursor">The cursor.</param>
    /// <param name="column">Its image column.</param>
    /// <returns>For the number of the current row (from 0): its image.</returns>
    public static Func<long, ImageToDecode> Create(DataViewRowCursor cursor, DataViewSchema.Column column) =>
        column.Type is TextDataViewType ? Paths(cursor, column)
        : column.Type.RawType == typeof(MLImage) ? Images(cursor, column)
        : EncodedBytes(cursor, column);

    private static Func<long, ImageToDecode> Paths(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        return row =>
        {
            getter(ref text);
            string path = text.ToString();
            return string.IsNullOrWhiteSpace(path)
                ? throw new InvalidDataException($"Row {row} (counted from 0): the path in column '{column.Name}' is empty.")
                : new ImageToDecode(path, () => ImageReader.ReadFile(path));
        };
    }

    private static Func<long, ImageToDecode> EncodedBytes(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<byte>> getter = cursor.GetGetter<VBuffer<byte>>(column);
        VBuffer<byte> buffer = default;
        return row =>
        {
            getter(ref buffer);
            byte[] bytes = [.. buffer.DenseValues()];
            return new ImageToDecode(null, () => ImageReader.Decode(bytes, $"{column.Name} of row {row} (counted from 0)"));
        };
    }

    private static Func<long, ImageToDecode> Images(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        ValueGetter<MLImage> getter = cursor.GetGetter<MLImage>(column);
        MLImage? image = null;
        return row =>
        {
            // The image may be disposed when the next one is asked for, hence the copy here. Handing in the last one is the custom.
            getter(ref image!);
            RgbImage copy = Copy(image ?? throw new InvalidDataException($"Row {row} (counted from 0): column '{column.Name}' has no image."));
            return new ImageToDecode(null, () => copy);
        };
    }

    /// <summary>MLImage holds colours multiplied by their alpha; transparency is laid over white, as in image files.</summary>
    private static RgbImage Copy(MLImage image)
    {
        (int red, int blue) = image.PixelFormat == MLPixelFormat.Bgra32 ? (2, 0) : (0, 2);
        ReadOnlySpan<byte> from = image.Pixels;
        byte[] pixels = new byte[image.Width * image.Height * 3];
        for (int source = 0, target = 0; target < pixels.Length; source += 4, target += 3)
        {
            int white = byte.MaxValue - from[source + 3];
            pixels[target] = (byte)Math.Min(from[source + red] + white, byte.MaxValue);
            pixels[target + 1] = (byte)Math.Min(from[source + 1] + white, byte.MaxValue);
            pixels[target + 2] = (byte)Math.Min(from[source + blue] + white, byte.MaxValue);
        }

        return new RgbImage(image.Width, image.Height, pixels);
    }
}
