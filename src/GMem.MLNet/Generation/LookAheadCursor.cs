using System.Runtime.ExceptionServices;
using GMem.Images;

namespace GMem.MLNet.Generation;

/// <summary>
/// Reads a block of rows ahead, keeps their values, and generates the block's images at once when the first of them is asked for. A bad row
/// throws when the cursor comes to it, not when it is read, so that a batch size changes nothing that can be seen.
/// </summary>
internal sealed class LookAheadCursor : DataViewRowCursor, IGeneratedValues
{
    private readonly DataViewRowCursor _source;
    private readonly GenerationSchema _schema;
    private readonly IRowGenerator _generator;
    private readonly PromptReader _prompts;
    private readonly bool[] _active;
    private readonly bool _readsPrompts;
    private readonly bool _readsSeed;
    private readonly ColumnBuffer?[] _buffers;
    private readonly ValueGetter<DataViewRowId> _sourceId;
    private readonly BlockRow[] _block;
    private IReadOnlyList<RgbImage>? _images;
    private IReadOnlyList<float>? _cosines;
    private ExceptionDispatchInfo? _failure;
    private bool _ended;
    private int _filled;
    private int _slot;
    private long _position = -1;
    private long _read;

    public LookAheadCursor(
        DataViewRowCursor source, GenerationSchema schema, IRowGenerator generator, long firstSeed, int batchSize, bool[] active)
    {
        _source = source;
        _schema = schema;
        _generator = generator;
        _active = active;
        bool batches = active[schema.ImageIndex] || active[schema.CosineIndex];
        _readsPrompts = batches || active[schema.MemoryIndexIndex] || active[schema.MemoryIdIndex] || active[schema.LabelIndex];
        _readsSeed = active[schema.SeedIndex];
        int slots = batches ? batchSize : 1;
        _block = new BlockRow[slots];
        _prompts = new PromptReader(source, schema.Prompts.Where(c => source.IsColumnActive(c)), generator, firstSeed);
        _buffers = [.. schema.Input.Select(c => active[c.Index] ? ColumnBuffer.Create(source, c, slots) : null)];
        _sourceId = source.GetIdGetter();
    }

    public override DataViewSchema Schema => _schema.Output;

    public override long Position => _position;

    public override long Batch => Current.Batch;

    long IGeneratedValues.Seed => Current.Request.Seed;

    MemorySource IGeneratedValues.Source => Current.Source ??= _generator.SourceOf(Current.Request);

    float IGeneratedValues.Cosine
    {
        get
        {
            int slot = CurrentSlot();
            return (_cosines ??= _generator.NearestCosines(BlockRequests()))[slot];
        }
    }

    RgbImage IGeneratedValues.Image
    {
        get
        {
            int slot = CurrentSlot();
            return (_images ??= _generator.Generate(BlockRequests()))[slot];
        }
    }

    private BlockRow Current => _position >= 0
        ? _block[_slot]
        : throw new InvalidOperationException("The cursor is not on a row: call MoveNext, and stop when it returns false.");

    public override bool MoveNext()
    {
        if (_slot + 1 < _filled)
        {
            _slot++;
            _position++;
            return true;
        }

        Fill();
        _position = _filled > 0 ? _read - _filled : -1;
        return _filled > 0;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => _active[_schema.Checked(column).Index];

    public override ValueGetter<DataViewRowId> GetIdGetter()
    {
        return Get;
        void Get(ref DataViewRowId value) => value = Current.Id;
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        GeneratedColumns.Typed<TValue>(column, !IsColumnActive(column) ? null
            : column.Index < _schema.Input.Count ? _buffers[column.Index]!.CreateGetter(CurrentSlot)
            : GeneratedColumns.CreateGetter(_schema, column.Index, this));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Dispose();
        }

        base.Dispose(disposing);
    }

    private int CurrentSlot() => Current is not null ? _slot : -1;

    private GenerationRequest[] BlockRequests() => [.. _block.Take(_filled).Select(r => r.Request)];

    /// <summary>
    /// Reads the next block, of no rows at the end. What goes wrong after its first row waits until the rows before are done.
    /// </summary>
    private void Fill()
    {
        _images = null;
        _cosines = null;
        _filled = 0;
        _slot = 0;
        _position = -1;
        while (_failure is null && !_ended && _filled < _block.Length)
        {
            try
            {
                _ended = !_source.MoveNext();
                if (!_ended)
                {
                    ReadRow(_filled);
                    _filled++;
                }
            }
            catch (Exception e)
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }
        }

        if (_filled == 0)
        {
            _failure?.Throw();
        }
    }

    private void ReadRow(int slot)
    {
        DataViewRowId id = default;
        _sourceId(ref id);
        GenerationRequest request = _readsPrompts ? _prompts.Read(_read)
            : _readsSeed ? new GenerationRequest(_prompts.ReadSeed(_read))
            : default;
        foreach (ColumnBuffer? buffer in _buffers)
        {
            buffer?.Store(slot);
        }

        _block[slot] = new BlockRow(request, id, _source.Batch);
        _read++;
    }

    private sealed record BlockRow(GenerationRequest Request, DataViewRowId Id, long Batch)
    {
        /// <summary>Looked up once for all columns that tell of it.</summary>
        public MemorySource? Source { get; set; }
    }
}
