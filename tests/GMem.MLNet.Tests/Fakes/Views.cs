using GMem.MLNet.Generation;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Tests.Fakes;

/// <summary>Short ways to views and their values.</summary>
internal static class Views
{
    public static MLContext MLContext { get; } = new(seed: 1);

    public static IDataView Of<T>(params T[] rows)
        where T : class => MLContext.Data.LoadFromEnumerable(rows);

    public static GeneratedDataView Generate(
        this IDataView prompts, FakeGenerator generator, int batchSize = 16, GenerationOptions? options = null, long firstSeed = 0) =>
        new(prompts, new GenerationSchema(prompts.Schema, options ?? new GenerationOptions(), generator.ImageShape), generator, firstSeed,
            batchSize);

    public static List<T> Values<T>(this IDataView view, string column)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema[column]]);
        return cursor.Values<T>(column);
    }

    public static List<T> Values<T>(this DataViewRowCursor cursor, string column)
    {
        ValueGetter<T> getter = cursor.GetGetter<T>(cursor.Schema[column]);
        List<T> values = [];
        while (cursor.MoveNext())
        {
            T value = default!;
            getter(ref value);
            values.Add(value);
        }

        return values;
    }

    public static T Value<T>(this DataViewRow row, string column)
    {
        T value = default!;
        row.GetGetter<T>(row.Schema[column])(ref value);
        return value;
    }

    /// <summary>Pixels of all images; disposes them.</summary>
    public static List<byte[]> Pixels(this IDataView view, string column = "GeneratedImage")
    {
        List<byte[]> pixels = [];
        foreach (MLImage image in view.Values<MLImage>(column))
        {
            pixels.Add(image.Pixels.ToArray());
            image.Dispose();
        }

        return pixels;
    }
}
