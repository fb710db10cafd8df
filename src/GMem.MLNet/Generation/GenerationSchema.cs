using GMem.MLNet.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Generation;

/// <summary>How the columns of a view, its prompts and the generated columns lie in the output: the view's own first, then image, memory index and seed.</summary>
internal sealed class GenerationSchema
{
    public GenerationSchema(DataViewSchema input, GenerationOptions options, int imageSize)
    {
        Input = input;
        Prompts = new PromptColumns(input, options);
        DataViewSchema.Builder builder = new();
        builder.AddColumns(input);
        builder.AddColumn(options.OutputImageColumnName, ImageColumn.TypeOf(imageSize));
        builder.AddColumn(options.OutputMemoryIndexColumnName, NumberDataViewType.Int64);
        builder.AddColumn(options.OutputSeedColumnName, NumberDataViewType.Int64);
        Output = builder.ToSchema();
    }

    public DataViewSchema Input { get; }

    public DataViewSchema Output { get; }

    public PromptColumns Prompts { get; }

    public int ImageIndex => Input.Count;

    public int MemoryIndexIndex => Input.Count + 1;

    public int SeedIndex => Input.Count + 2;

    /// <summary>What an estimator promises; the same columns as <see cref="Output"/>.</summary>
    public static SchemaShape Promise(SchemaShape input, GenerationOptions options, int imageSize)
    {
        PromptColumns.Check(input, options);
        return input.With(
            SchemaShapes.Scalar(options.OutputImageColumnName, ImageColumn.TypeOf(imageSize)),
            SchemaShapes.Scalar(options.OutputMemoryIndexColumnName, NumberDataViewType.Int64),
            SchemaShapes.Scalar(options.OutputSeedColumnName, NumberDataViewType.Int64));
    }

    /// <summary>Which output columns are wanted, by index.</summary>
    public bool[] Active(IEnumerable<DataViewSchema.Column> columns)
    {
        bool[] active = new bool[Output.Count];
        foreach (DataViewSchema.Column column in columns)
        {
            active[Checked(column).Index] = true;
        }

        return active;
    }

    /// <summary>The input columns that these output columns need: the same ones, and the prompts if anything is generated.</summary>
    public IEnumerable<DataViewSchema.Column> Needed(bool[] active)
    {
        HashSet<int> needed = [.. Input.Select(c => c.Index).Where(i => active[i])];
        if (active[ImageIndex] || active[MemoryIndexIndex])
        {
            needed.UnionWith(Prompts.Present.Select(c => c.Index));
        }
        else if (active[SeedIndex] && Prompts.Seed is { } seed)
        {
            needed.Add(seed.Index);
        }

        return Input.Where(c => needed.Contains(c.Index));
    }

    /// <summary>Finds fault with a column that is not of the output.</summary>
    public DataViewSchema.Column Checked(DataViewSchema.Column column) =>
        column.Index < Output.Count && Output[column.Index].Name == column.Name
            ? column
            : throw new ArgumentException(
                $"Column '{column.Name}' (index {column.Index}) is not of this view, which has: '{string.Join("', '", Output.Select(c => c.Name))}'.", nameof(column));
}
