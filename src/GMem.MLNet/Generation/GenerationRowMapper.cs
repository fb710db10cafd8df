namespace GMem.MLNet.Generation;

/// <summary>Generates row by row, for <c>PredictionEngine</c>.</summary>
internal sealed class GenerationRowMapper(GenerationSchema schema, IRowGenerator generator, long firstSeed) : IRowToRowMapper
{
    public DataViewSchema InputSchema => schema.Input;

    public DataViewSchema OutputSchema => schema.Output;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        schema.Needed(schema.Active(dependingColumns));

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        return input.Schema == InputSchema
            ? new GenerationRow(input, schema, generator, firstSeed, schema.Active(activeColumns))
            : throw new ArgumentException("The row has another schema than the one that the mapper was made for.", nameof(input));
    }
}
