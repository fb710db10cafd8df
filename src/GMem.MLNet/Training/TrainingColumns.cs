using GMem.MLNet.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Training;

/// <summary>The columns that a training run reads.</summary>
internal sealed class TrainingColumns
{
    public TrainingColumns(DataViewSchema schema, GMemTrainer.Options options)
    {
        Check(SchemaShapes.Of(schema), options);
        Image = schema[options.ImageColumnName];
        Snippet = options.SnippetColumnName is { } name ? schema[name] : null;
    }

    /// <summary>Text, <c>MLImage</c> or a vector of bytes.</summary>
    public DataViewSchema.Column Image { get; }

    /// <summary>A vector of known size of Single, or null.</summary>
    public DataViewSchema.Column? Snippet { get; }

    /// <summary>Entries of a snippet; 0 without a snippet column.</summary>
    public int SnippetSize => Snippet is { } column ? ((VectorDataViewType)column.Type).Size : 0;

    public IEnumerable<DataViewSchema.Column> All => Snippet is { } snippet && snippet.Index != Image.Index ? [Image, snippet] : [Image];

    /// <exception cref="ArgumentException">A column is missing or of a type that cannot be used; the message says which, what it is and what is expected.</exception>
    public static void Check(SchemaShape schema, GMemTrainer.Options options)
    {
        SchemaShape.Column image = Require(schema, "image", options.ImageColumnName, nameof(options.ImageColumnName));
        bool scalar = image.Kind == SchemaShape.Column.VectorKind.Scalar;
        bool usable = scalar
            ? image.ItemType is TextDataViewType || image.ItemType.RawType == typeof(MLImage)
            : image.ItemType.RawType == typeof(byte) && !image.IsKey;
        if (!usable)
        {
            throw Mismatch("image", image, "String (the path of a file), Image, or a vector of Byte (an encoded file)");
        }

        if (options.SnippetColumnName is not null)
        {
            SchemaShape.Column snippet = Require(schema, "snippet", options.SnippetColumnName, nameof(options.SnippetColumnName));
            if (snippet.Kind != SchemaShape.Column.VectorKind.Vector || snippet.ItemType.RawType != typeof(float))
            {
                throw Mismatch("snippet", snippet, "a vector of Single of known size");
            }
        }
    }

    private static SchemaShape.Column Require(SchemaShape schema, string role, string name, string option) =>
        schema.Find(name) ?? throw new ArgumentException(
            $"The {role} column '{name}' is not in the input, which has: {string.Join(", ", schema.Select(c => $"'{c.Name}'").DefaultIfEmpty("no columns"))}. "
            + $"Name the column with {option}.");

    private static ArgumentException Mismatch(string role, SchemaShape.Column column, string expected) =>
        new($"The {role} column '{column.Name}' is {column.TypeName()}; expected {expected}.");
}
