using GMem.MLNet.Columns;
using GMem.MLNet.Persistence;

namespace GMem.MLNet.Generation;

/// <summary>The prompt columns that a view has, by the names of <see cref="GenerationOptions"/>.</summary>
internal sealed class PromptColumns
{
    private static readonly Type[] Integers =
        [typeof(long), typeof(int), typeof(short), typeof(sbyte), typeof(ulong), typeof(uint), typeof(ushort), typeof(byte)];

    public PromptColumns(DataViewSchema schema, GenerationOptions options)
    {
        Check(SchemaShapes.Of(schema), options);
        Seed = Find(schema, options.SeedColumnName);
        MemoryIndex = Find(schema, options.MemoryIndexColumnName);
        Snippet = Find(schema, options.SnippetColumnName);
        Label = Find(schema, options.LabelColumnName);
        Image = Find(schema, options.ImageColumnName);
        if (Label is { } label)
        {
            LabelSource.Check(label);
        }
    }

    private PromptColumns(PromptColumns all, Func<DataViewSchema.Column, bool> condition)
    {
        DataViewSchema.Column? Keep(DataViewSchema.Column? column) => column is { } present && condition(present) ? column : null;
        (Seed, MemoryIndex, Snippet, Label, Image) = (
            Keep(all.Seed), Keep(all.MemoryIndex), Keep(all.Snippet), Keep(all.Label), Keep(all.Image));
    }

    public DataViewSchema.Column? Seed { get; }

    public DataViewSchema.Column? MemoryIndex { get; }

    public DataViewSchema.Column? Snippet { get; }

    public DataViewSchema.Column? Label { get; }

    public DataViewSchema.Column? Image { get; }

    /// <summary>The columns that there are.</summary>
    public IEnumerable<DataViewSchema.Column> Present =>
        new[] { Seed, MemoryIndex, Snippet, Label, Image }.OfType<DataViewSchema.Column>();

    /// <summary>Those of the columns that fulfil a condition; the others count as absent.</summary>
    public PromptColumns Where(Func<DataViewSchema.Column, bool> condition) => new(this, condition);

    /// <exception cref="ArgumentException">A prompt column is of a type that cannot be one.</exception>
    public static void Check(SchemaShape schema, GenerationOptions options)
    {
        CheckInteger(schema, "seed prompt", options.SeedColumnName, nameof(GenerationOptions.SeedColumnName));
        CheckInteger(schema, "memory index prompt", options.MemoryIndexColumnName, nameof(GenerationOptions.MemoryIndexColumnName));
        if (schema.Find(options.SnippetColumnName) is { } snippet
            && (snippet.Kind == SchemaShape.Column.VectorKind.Scalar || snippet.ItemType.RawType != typeof(float)))
        {
            throw snippet.Mismatch("snippet prompt", "a vector of Single", Advice(nameof(GenerationOptions.SnippetColumnName)));
        }

        if (schema.Find(options.LabelColumnName) is { HoldsLabels: false } label)
        {
            throw label.Mismatch("label prompt", ColumnKinds.Labels, Advice(nameof(GenerationOptions.LabelColumnName)));
        }

        if (schema.Find(options.ImageColumnName) is { HoldsImages: false } image)
        {
            throw image.Mismatch("image prompt", ColumnKinds.Images, Advice(nameof(GenerationOptions.ImageColumnName)));
        }
    }

    private static void CheckInteger(SchemaShape schema, string role, string? name, string option)
    {
        if (schema.Find(name) is { } column
            && (column.Kind != SchemaShape.Column.VectorKind.Scalar || column.IsKey || !Integers.Contains(column.ItemType.RawType)))
        {
            throw column.Mismatch(role, "an integer (Int64 or another width)", Advice(option));
        }
    }

    private static string Advice(string option) =>
        $"Convert it, or name another column (null for none) with {nameof(GenerationOptions)}.{option}.";

    private static DataViewSchema.Column? Find(DataViewSchema schema, string? name) => name is null ? null : schema.GetColumnOrNull(name);
}
