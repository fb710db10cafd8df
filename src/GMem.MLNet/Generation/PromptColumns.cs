using GMem.MLNet.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;

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
    }

    private PromptColumns(DataViewSchema.Column? seed, DataViewSchema.Column? memoryIndex, DataViewSchema.Column? snippet) =>
        (Seed, MemoryIndex, Snippet) = (seed, memoryIndex, snippet);

    public DataViewSchema.Column? Seed { get; }

    public DataViewSchema.Column? MemoryIndex { get; }

    public DataViewSchema.Column? Snippet { get; }

    /// <summary>The columns that there are.</summary>
    public IEnumerable<DataViewSchema.Column> Present =>
        new[] { Seed, MemoryIndex, Snippet }.Where(c => c.HasValue).Select(c => c!.Value);

    /// <summary>Those of the columns that fulfil a condition; the others count as absent.</summary>
    public PromptColumns Where(Func<DataViewSchema.Column, bool> condition)
    {
        DataViewSchema.Column? Keep(DataViewSchema.Column? column) => column is { } present && condition(present) ? column : null;
        return new PromptColumns(Keep(Seed), Keep(MemoryIndex), Keep(Snippet));
    }

    /// <exception cref="ArgumentException">A prompt column is of a type that cannot be one.</exception>
    public static void Check(SchemaShape schema, GenerationOptions options)
    {
        CheckInteger(schema, "seed prompt", options.SeedColumnName, nameof(GenerationOptions.SeedColumnName));
        CheckInteger(schema, "memory index prompt", options.MemoryIndexColumnName, nameof(GenerationOptions.MemoryIndexColumnName));
        if (schema.Find(options.SnippetColumnName) is { } snippet
            && (snippet.Kind == SchemaShape.Column.VectorKind.Scalar || snippet.ItemType.RawType != typeof(float)))
        {
            throw Mismatch("snippet prompt", snippet, "a vector of Single", nameof(GenerationOptions.SnippetColumnName));
        }
    }

    private static void CheckInteger(SchemaShape schema, string role, string? name, string option)
    {
        if (schema.Find(name) is { } column
            && (column.Kind != SchemaShape.Column.VectorKind.Scalar || column.IsKey || !Integers.Contains(column.ItemType.RawType)))
        {
            throw Mismatch(role, column, "an integer (Int64 or another width)", option);
        }
    }

    private static ArgumentException Mismatch(string role, SchemaShape.Column column, string expected, string option) => new(
        $"The {role} column '{column.Name}' is {column.TypeName()}; expected {expected}. "
        + $"Convert it, or name another column (null for none) with {nameof(GenerationOptions)}.{option}.");

    private static DataViewSchema.Column? Find(DataViewSchema schema, string? name) => name is null ? null : schema.GetColumnOrNull(name);
}
