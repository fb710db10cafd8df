using GMem.Images;

namespace GMem.MLNet.Columns;

/// <summary>An image that has been read from its row but not decoded.</summary>
/// <param name="Source">The file it comes from, or null.</param>
/// <param name="Bytes">What it holds in memory until it is decoded: a copy of what the row has.</param>
/// <param name="Decode">
/// Brings it to a shape; null gives the whole image. Refuses one that is more times longer than wide (or wider than long) than the second
/// number; null refuses none. May run on any thread.
/// </param>
internal readonly record struct ImageToDecode(string? Source, long Bytes, Func<ImageShape?, int?, RgbImage> Decode);

/// <summary>
/// Reads an image column in two parts: on the cursor's thread what the row holds is copied; the rest, file access and decoding, is a
/// function that may run on any thread. A row may hold no image: an empty path, no bytes, or null.
/// </summary>
internal static class ImageSource
{
    /// <param name="source">The row or cursor.</param>
    /// <param name="column">Its image column (<c>HoldsImages</c>).</param>
    /// <param name="channels">Those of a whole image, where it has them, and of the shapes that are asked for.</param>
    /// <returns>For the number of the current row (from 0): its image, or null if it holds none.</returns>
    public static Func<long, ImageToDecode?> Create(DataViewRow source, DataViewSchema.Column column, int channels) =>
        column.Type is TextDataViewType ? Paths(source, column, channels)
        : ImageColumnTypes.Contains(column.Type.RawType) ? Images(source, column, channels)
        : EncodedBytes(source, column, channels);

    private static Func<long, ImageToDecode?> Paths(DataViewRow source, DataViewSchema.Column column, int channels)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = source.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        return row =>
        {
            getter(ref text);
            string path = text.ToString();
            return string.IsNullOrWhiteSpace(path) ? null : new ImageToDecode(
                path, 0,
                (shape, ratio) => shape is { } wanted ? ImageReader.ReadFile(path, wanted, ratio) : ImageReader.ReadWhole(path, channels));
        };
    }

    private static Func<long, ImageToDecode?> EncodedBytes(DataViewRow source, DataViewSchema.Column column, int channels)
    {
        ValueGetter<VBuffer<byte>> getter = source.GetGetter<VBuffer<byte>>(column);
        VBuffer<byte> buffer = default;
        return row =>
        {
            getter(ref buffer);
            if (buffer.Length == 0)
            {
                return null;
            }

            byte[] bytes = [.. buffer.DenseValues()];
            string name = NameOf(column, row);
            return new ImageToDecode(
                null, bytes.Length,
                (shape, ratio) => shape is { } wanted
                    ? ImageReader.Decode(bytes, name, wanted, ratio)
                    : ImageReader.DecodeWhole(bytes, name, channels));
        };
    }

    private static Func<long, ImageToDecode?> Images(DataViewRow source, DataViewSchema.Column column, int channels)
    {
        Func<RgbImage?> read = ImageColumnTypes.Open(source, column, channels);
        return row =>
        {
            if (read() is not { } copy)
            {
                return null;
            }

            return new ImageToDecode(null, copy.Pixels.Length, (shape, ratio) =>
            {
                if (shape is not { } wanted)
                {
                    return copy;
                }

                if (ratio is not null)
                {
                    ImageReader.CheckAspectRatio(copy, NameOf(column, row), wanted);
                }

                return CenterCrop.Apply(copy, wanted);
            });
        };
    }

    private static string NameOf(DataViewSchema.Column column, long row) => $"{column.Name} of row {row} (counted from 0)";
}
