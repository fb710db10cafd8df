using GMem.Images;

namespace GMem.MLNet.Generation;

/// <summary>A row with generated columns appended, live over an input row: one image is generated for each position of the input.</summary>
internal sealed class GenerationRow : DataViewRow, IGeneratedValues
{
    private readonly DataViewRow _input;
    private readonly GenerationSchema _schema;
    private readonly IRowGenerator _generator;
    private readonly PromptReader _prompts;
    private readonly bool[] _active;
    private Values? _values;

    public GenerationRow(DataViewRow input, GenerationSchema schema, IRowGenerator generator, long firstSeed, bool[] active)
    {
        _input = input;
        _schema = schema;
        _generator = generator;
        _active = active;
        _prompts = new PromptReader(input, schema.Prompts.Where(c => input.IsColumnActive(c)), generator, firstSeed);
    }

    public override DataViewSchema Schema => _schema.Output;

    public override long Position => _input.Position;

    public override long Batch => _input.Batch;

    long IGeneratedValues.Seed => _prompts.ReadSeed(Position);

    MemorySource IGeneratedValues.Source => Current.Source ??= _generator.SourceOf(Current.Request);

    float IGeneratedValues.Cosine => Current.Cosine ??= _generator.NearestCosines([Current.Request])[0];

    RgbImage IGeneratedValues.Image => Current.Image ??= _generator.Generate([Current.Request])[0];

    /// <summary>
    /// What has been made for the current position; a row is asked once for each column, and again when the input has moved.
    /// </summary>
    private Values Current =>
        _values is { } values && values.Position == Position ? values : _values = new Values(Position, _prompts.Read(Position));

    public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => _active[_schema.Checked(column).Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        IsColumnActive(column) && column.Index < _schema.Input.Count
            ? _input.GetGetter<TValue>(_schema.Input[column.Index])
            : GeneratedColumns.Typed<TValue>(column, IsColumnActive(column)
                ? GeneratedColumns.CreateGetter(_schema, column.Index, this)
                : null);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.Dispose();
        }

        base.Dispose(disposing);
    }

    private sealed class Values(long position, GenerationRequest request)
    {
        public long Position { get; } = position;

        public GenerationRequest Request { get; } = request;

        public RgbImage? Image { get; set; }

        public float? Cosine { get; set; }

        public MemorySource? Source { get; set; }
    }
}
