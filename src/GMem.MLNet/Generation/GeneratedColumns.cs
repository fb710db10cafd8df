namespace GMem.MLNet.Generation;

/// <summary>Getters of the generated columns, which a cursor and a single row share.</summary>
internal static class GeneratedColumns
{
    /// <param name="schema">The columns.</param>
    /// <param name="index">Index of a generated column in the output.</param>
    /// <param name="values">The current row's values.</param>
    public static Delegate CreateGetter(GenerationSchema schema, int index, IGeneratedValues values)
    {
        return index == schema.ImageIndex ? (ValueGetter<MLImage>)Image
            : index == schema.MemoryIndexIndex ? (ValueGetter<long>)MemoryIndex
            : index == schema.MemoryIdIndex ? (ValueGetter<long>)MemoryId
            : index == schema.LabelIndex ? (ValueGetter<ReadOnlyMemory<char>>)Label
            : index == schema.CosineIndex ? (ValueGetter<float>)Cosine
            : (ValueGetter<long>)Seed;

        // The image that comes in is not disposed here, as ML.NET's loaders would do: readers such as CreateEnumerable hand in the
        // one which they gave to the row before, so that a list of rows would hold dead images.
        void Image(ref MLImage value) => value = MLImages.From(values.Image);
        void MemoryIndex(ref long value) => value = values.Source.Index;
        void MemoryId(ref long value) => value = values.Source.Id;
        void Seed(ref long value) => value = values.Seed;
        void Label(ref ReadOnlyMemory<char> value) => value = values.Source.Label.AsMemory();
        void Cosine(ref float value) => value = values.Cosine;
    }

    /// <summary>Hands a getter out under the type that was asked for.</summary>
    /// <param name="column">The column, for the message.</param>
    /// <param name="getter">Its getter; null if the column is not active.</param>
    public static ValueGetter<T> Typed<T>(DataViewSchema.Column column, Delegate? getter) => getter switch
    {
        ValueGetter<T> typed => typed,
        null =>
            throw new InvalidOperationException(
                $"Column '{column.Name}' is not active: it was not among the columns that the cursor was asked for."),
        _ => throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(T)}."),
    };
}
