using GMem.Images;
using GMem.MLNet.Persistence;

namespace GMem.MLNet.Generation;

/// <summary>
/// How the columns of a view, its prompts and the generated columns lie in the output: the view's own first, then image, memory index,
/// seed, label, cosine and memory id.
/// </summary>
internal sealed class GenerationSchema
{
    public GenerationSchema(DataViewSchema input, GenerationOptions options, ImageShape images, TrainedColumns? trained = null)
    {
        Input = input;
        Prompts = new PromptColumns(input, options, trained);
        DataViewSchema.Builder builder = new();
        builder.AddColumns(input);
        foreach ((string name, DataViewType type) in Generated(options, images))
        {
            builder.AddColumn(name, type);
        }

        Output = builder.ToSchema();
    }

    public DataViewSchema Input { get; }

    public DataViewSchema Output { get; }

    public PromptColumns Prompts { get; }

    public int ImageIndex => Input.Count;

    public int MemoryIndexIndex => Input.Count + 1;

    public int SeedIndex => Input.Count + 2;

    public int LabelIndex => Input.Count + 3;

    public int CosineIndex => Input.Count + 4;

    public int MemoryIdIndex => Input.Count + 5;

    /// <summary>What an estimator promises; the same columns as <see cref="Output"/>.</summary>
    public static SchemaShape Promise(SchemaShape input, GenerationOptions options, ImageShape images)
    {
        PromptColumns.Check(input, options);
        return input.With([.. Generated(options, images).Select(c => SchemaShapes.Scalar(c.Name, c.Type))]);
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
        if (active[ImageIndex] || active[MemoryIndexIndex] || active[LabelIndex] || active[CosineIndex] || active[MemoryIdIndex])
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
                $"Column '{column.Name}' (index {column.Index}) is not of this view, which has: "
                    + $"'{string.Join("', '", Output.Select(c => c.Name))}'.", nameof(column));

    /// <summary>The generated columns, in the order of the indices above.</summary>
    private static (string Name, DataViewType Type)[] Generated(GenerationOptions options, ImageShape images) =>
    [
        (options.OutputImageColumnName, ImageColumn.TypeOf(images)),
        (options.OutputMemoryIndexColumnName, NumberDataViewType.Int64),
        (options.OutputSeedColumnName, NumberDataViewType.Int64),
        (options.OutputLabelColumnName, TextDataViewType.Instance),
        (options.OutputCosineColumnName, NumberDataViewType.Single),
        (options.OutputMemoryIdColumnName, NumberDataViewType.Int64),
    ];
}
