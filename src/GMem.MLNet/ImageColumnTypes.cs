using System.Collections.Concurrent;
using GMem.Images;

namespace GMem.MLNet;

/// <summary>
/// The types of image that a column may hold beside paths and encoded files: ML.NET's <see cref="MLImage"/>, and what is registered here.
/// </summary>
public static class ImageColumnTypes
{
    private static readonly ConcurrentDictionary<Type, Func<DataViewRow, DataViewSchema.Column, int, Func<RgbImage?>>> Readers = new()
    {
        [typeof(MLImage)] = Reader<MLImage>(MLImageExtensions.ToRgbImage),
    };

    /// <summary>Lets columns of a type hold images, in training, as prompts and in evaluation.</summary>
    /// <typeparam name="T">The column's raw type; null stands for no image.</typeparam>
    /// <param name="copy">Copies the pixels of an image, which is not disposed.</param>
    public static void Register<T>(Func<T, RgbImage> copy)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(copy);
        Readers[typeof(T)] = Reader<T>((image, _) => copy(image));
    }

    internal static bool Contains(Type rawType) => Readers.ContainsKey(rawType);

    /// <returns>A copy of the current row's image, with alpha only where 4 channels are wanted, or null if it holds none.</returns>
    internal static Func<RgbImage?> Open(DataViewRow source, DataViewSchema.Column column, int channels) =>
        Readers[column.Type.RawType](source, column, channels);

    private static Func<DataViewRow, DataViewSchema.Column, int, Func<RgbImage?>> Reader<T>(Func<T, int, RgbImage> copy)
        where T : class => (source, column, channels) =>
        {
            ValueGetter<T> getter = source.GetGetter<T>(column);
            T? image = null;
            return () =>
            {
                // The image may be disposed when the next one is asked for, hence the copy here. Handing in the last one is the custom.
                getter(ref image!);
                return image is null ? null : copy(image, channels);
            };
        };
}
