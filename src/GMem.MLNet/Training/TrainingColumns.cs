using GMem.Backbone;
using GMem.MLNet.Columns;
using GMem.MLNet.Persistence;

namespace GMem.MLNet.Training;

/// <summary>The columns that a training run reads.</summary>
internal sealed class TrainingColumns
{
    public TrainingColumns(DataViewSchema schema, GMemTrainer.Options options)
    {
        Check(SchemaShapes.Of(schema), options);
        Image = schema[options.ImageColumnName];
        Snippet = options.SnippetColumnName is { } name ? schema[name] : null;
        Label = options.LabelColumnName is { } label ? schema.GetColumnOrNull(label) : null;
        Values = options.ValuesColumnName is { } values ? schema[values] : null;
        if (Label is { } column)
        {
            LabelSource.Check(column);
        }
    }

    /// <summary>Text, <c>MLImage</c> or a vector of bytes.</summary>
    public DataViewSchema.Column Image { get; }

    /// <summary>A vector of known size of Single, or null.</summary>
    public DataViewSchema.Column? Snippet { get; }

    /// <summary>Text or key, or null.</summary>
    public DataViewSchema.Column? Label { get; }

    /// <summary>A vector of known size of Single, or null.</summary>
    public DataViewSchema.Column? Values { get; }

    public IEnumerable<DataViewSchema.Column> All =>
        new[] { Image, Snippet, Label, Values }.OfType<DataViewSchema.Column>().DistinctBy(c => c.Index);

    /// <exception cref="ArgumentException">
    /// A column is missing or of a type that cannot be used; the message says which, what it is and what is expected.
    /// </exception>
    public static void Check(SchemaShape schema, GMemTrainer.Options options)
    {
        SchemaShape.Column image = Require(schema, "image", options.ImageColumnName, nameof(options.ImageColumnName));
        if (!image.HoldsImages)
        {
            throw image.Mismatch("image", ColumnKinds.Images);
        }

        CheckVector(schema, "snippet", options.SnippetColumnName, nameof(options.SnippetColumnName));
        CheckVector(schema, "values", options.ValuesColumnName, nameof(options.ValuesColumnName));
        CheckLabel(schema, options);
    }

    /// <summary>The network with the names that the values' slots have, unless its condition names them.</summary>
    public SiTOptions WithNames(SiTOptions network)
    {
        if (Values?.HasSlotNames() != true)
        {
            return network;
        }

        VBuffer<ReadOnlyMemory<char>> slots = default;
        Values.Value.GetSlotNames(ref slots);
        string[] names = [.. slots.DenseValues().Select(s => s.ToString())];
        return names.Any(string.IsNullOrEmpty) || names.Distinct().Count() < names.Length ? network : network with
        {
            Conditions = [.. network.Conditions.Select(c => c is ValuesCondition { Names: null } v ? v.With(names, v.Dropout) : c)],
        };
    }

    private static void CheckVector(SchemaShape schema, string role, string? name, string option)
    {
        if (name is not null && Require(schema, role, name, option) is var column
            && (column.Kind != SchemaShape.Column.VectorKind.Vector || column.ItemType.RawType != typeof(float)))
        {
            throw column.Mismatch(role, "a vector of Single of known size");
        }
    }

    /// <summary>The label column may be absent while it is the default: then there are no labels.</summary>
    private static void CheckLabel(SchemaShape schema, GMemTrainer.Options options)
    {
        if (options.LabelColumnName is not { } name || (name == GMemTrainer.Options.DefaultLabelColumnName && schema.Find(name) is null))
        {
            return;
        }

        SchemaShape.Column label = Require(schema, "label", name, nameof(options.LabelColumnName));
        if (!label.HoldsLabels)
        {
            throw label.Mismatch(
                "label", ColumnKinds.Labels, $"Convert it, or set {nameof(options.LabelColumnName)} to null for no labels.");
        }
    }

    private static SchemaShape.Column Require(SchemaShape schema, string role, string name, string option) =>
        schema.Find(name) ?? throw new ArgumentException(
            $"The {role} column '{name}' is not in the input, which has: {schema.ColumnNames}. "
            + $"Name the column with {option}.");
}
