using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Generation;

/// <summary>Getters of the generated columns, which a cursor and a single row share.</summary>
internal static class GeneratedColumns
{
    /// <param name="schema">The columns.</param>
    /// <param name="index">Index of a generated column in the output.</param>
    /// <param name="seed">The current row's seed.</param>
    /// <param name="image">The current row's image; generates it if need be.</param>
    public static Delegate CreateGetter(GenerationSchema schema, int index, Func<long> seed, Func<GeneratedImage> image)
    {
        return index == schema.ImageIndex ? (ValueGetter<MLImage>)Image
            : index == schema.MemoryIndexIndex ? (ValueGetter<long>)MemoryIndex
            : (ValueGetter<long>)Seed;

        // The image that comes in is not disposed here, as ML.NET's loaders would do: readers such as CreateEnumerable hand in the
        // one which they gave to the row before, so that a list of rows would hold dead images.
        void Image(ref MLImage value) => value = image().ToMLImage();
        void MemoryIndex(ref long value) => value = image().MemoryIndex;
        void Seed(ref long value) => value = seed();
    }

    /// <summary>Hands a getter out under the type that was asked for.</summary>
    /// <param name="column">The column, for the message.</param>
    /// <param name="getter">Its getter; null if the column is not active.</param>
    public static ValueGetter<T> Typed<T>(DataViewSchema.Column column, Delegate? getter) => getter switch
    {
        ValueGetter<T> typed => typed,
        null => throw new InvalidOperationException($"Column '{column.Name}' is not active: it was not among the columns that the cursor was asked for."),
        _ => throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(T)}."),
    };
}
