namespace GMem.MLNet.Generation;

/// <summary>A view with generated columns appended. Nothing is generated before a cursor's row is asked for its image.</summary>
internal sealed class GeneratedDataView(IDataView source, GenerationSchema schema, IRowGenerator generator, long firstSeed,
    int batchSize) : IDataView
{
    /// <summary>Without a seed column the seeds follow from the row numbers, and those exist in the view's own order only.</summary>
    public bool CanShuffle => source.CanShuffle && schema.Prompts.Seed is not null;

    public DataViewSchema Schema => schema.Output;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = schema.Active(columnsNeeded);
        DataViewRowCursor cursor = source.GetRowCursor(schema.Needed(active), CanShuffle ? rand : null);
        return new LookAheadCursor(cursor, schema, generator, firstSeed, batchSize, active);
    }

    /// <summary>
    /// One cursor, whatever was asked for: the time goes into the network, which has all cores or the GPU to itself. Several cursors would
    /// make it compute several smaller batches at once.
    /// </summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}
