using GMem.MLNet.Columns;
using GMem.MLNet.Persistence;

namespace GMem.MLNet.Generation;

/// <summary>The prompt columns that a view has, by the names of <see cref="GenerationOptions"/>.</summary>
internal sealed class PromptColumns
{
    private static readonly Type[] Integers =
        [typeof(long), typeof(int), typeof(short), typeof(sbyte), typeof(ulong), typeof(uint), typeof(ushort), typeof(byte)];

    /// <param name="schema">The columns of the view.</param>
    /// <param name="options">Their names.</param>
    /// <param name="trained">The columns of a model that was trained on snippets from upstream.</param>
    public PromptColumns(DataViewSchema schema, GenerationOptions options, TrainedColumns? trained = null)
    {
        SchemaShape shape = SchemaShapes.Of(schema);
        Check(shape, options);
        Seed = Find(schema, options.SeedColumnName);
        MemoryIndex = Find(schema, options.MemoryIndexColumnName);
        Snippet = Find(schema, options.SnippetColumnName);
        Label = Find(schema, options.LabelColumnName);
        Image = Find(schema, options.ImageColumnName);
        Values = Find(schema, options.ValuesColumnName);
        Strength = Find(schema, options.StrengthColumnName);
        Mask = Find(schema, options.MaskColumnName);
        NoiseImage = Find(schema, options.NoiseImageColumnName);
        if (trained is not null)
        {
            TrainedSnippet = trained.Snippet != options.SnippetColumnName && HoldsVectors(shape, trained.Snippet)
                ? Find(schema, trained.Snippet)
                : null;
            TrainedImage = trained.Image != options.ImageColumnName && shape.Find(trained.Image) is { HoldsImages: true }
                ? Find(schema, trained.Image)
                : null;
        }

        if (Label is { } label)
        {
            LabelSource.Check(label);
        }
    }

    private PromptColumns(PromptColumns all, Func<DataViewSchema.Column, bool> condition)
    {
        DataViewSchema.Column? Keep(DataViewSchema.Column? column) => column is { } present && condition(present) ? column : null;
        (Seed, MemoryIndex, Snippet, Label, Image, TrainedSnippet, TrainedImage) = (
            Keep(all.Seed), Keep(all.MemoryIndex), Keep(all.Snippet), Keep(all.Label), Keep(all.Image), Keep(all.TrainedSnippet),
            Keep(all.TrainedImage));
        (Values, Strength, Mask, NoiseImage) = (Keep(all.Values), Keep(all.Strength), Keep(all.Mask), Keep(all.NoiseImage));
    }

    public DataViewSchema.Column? Seed { get; }

    public DataViewSchema.Column? MemoryIndex { get; }

    public DataViewSchema.Column? Snippet { get; }

    public DataViewSchema.Column? Label { get; }

    public DataViewSchema.Column? Image { get; }

    public DataViewSchema.Column? Values { get; }

    public DataViewSchema.Column? Strength { get; }

    public DataViewSchema.Column? Mask { get; }

    public DataViewSchema.Column? NoiseImage { get; }

    /// <summary>The snippets that the pipeline makes upstream, of the name that they had in training.</summary>
    public DataViewSchema.Column? TrainedSnippet { get; }

    /// <summary>
    /// The pictures that those snippets are made of, of the name that they had in training. A row without one has no snippet, whatever the
    /// pipeline made of nothing; a row with one of which nothing makes a snippet is at fault, since the picture would be ignored.
    /// </summary>
    public DataViewSchema.Column? TrainedImage { get; }

    /// <summary>The columns that there are.</summary>
    public IEnumerable<DataViewSchema.Column> Present =>
        new[] { Seed, MemoryIndex, Snippet, Label, Image, Values, Strength, Mask, NoiseImage, TrainedSnippet, TrainedImage }
            .OfType<DataViewSchema.Column>();

    /// <summary>Those of the columns that fulfil a condition; the others count as absent.</summary>
    public PromptColumns Where(Func<DataViewSchema.Column, bool> condition) => new(this, condition);

    /// <exception cref="ArgumentException">A prompt column is of a type that cannot be one.</exception>
    public static void Check(SchemaShape schema, GenerationOptions options)
    {
        CheckInteger(schema, "seed prompt", options.SeedColumnName, nameof(GenerationOptions.SeedColumnName));
        CheckInteger(schema, "memory index prompt", options.MemoryIndexColumnName, nameof(GenerationOptions.MemoryIndexColumnName));
        CheckVector(schema, "snippet prompt", options.SnippetColumnName, nameof(GenerationOptions.SnippetColumnName));
        CheckVector(schema, "values prompt", options.ValuesColumnName, nameof(GenerationOptions.ValuesColumnName));

        if (schema.Find(options.LabelColumnName) is { HoldsLabels: false } label)
        {
            throw label.Mismatch("label prompt", ColumnKinds.Labels, Advice(nameof(GenerationOptions.LabelColumnName)));
        }

        CheckImages(schema, "image prompt", options.ImageColumnName, nameof(GenerationOptions.ImageColumnName));
        CheckImages(schema, "mask prompt", options.MaskColumnName, nameof(GenerationOptions.MaskColumnName));
        CheckImages(schema, "noise image prompt", options.NoiseImageColumnName, nameof(GenerationOptions.NoiseImageColumnName));
        if (schema.Find(options.StrengthColumnName) is { } strength
            && (strength.Kind != SchemaShape.Column.VectorKind.Scalar
                || (strength.ItemType.RawType != typeof(float) && strength.ItemType.RawType != typeof(double))))
        {
            throw strength.Mismatch("strength prompt", "Single or Double", Advice(nameof(GenerationOptions.StrengthColumnName)));
        }
    }

    private static bool HoldsVectors(SchemaShape schema, string name) => schema.Find(name) is { } column
        && column.Kind != SchemaShape.Column.VectorKind.Scalar && column.ItemType.RawType == typeof(float);

    private static void CheckVector(SchemaShape schema, string role, string? name, string option)
    {
        if (schema.Find(name) is { } column && !HoldsVectors(schema, column.Name))
        {
            throw column.Mismatch(role, "a vector of Single", Advice(option));
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

    private static void CheckImages(SchemaShape schema, string role, string? name, string option)
    {
        if (schema.Find(name) is { HoldsImages: false } column)
        {
            throw column.Mismatch(role, ColumnKinds.Images, Advice(option));
        }
    }

    private static string Advice(string option) =>
        $"Convert it, or name another column (null for none) with {nameof(GenerationOptions)}.{option}.";

    private static DataViewSchema.Column? Find(DataViewSchema schema, string? name) => name is null ? null : schema.GetColumnOrNull(name);
}
