using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Generation;

/// <summary>A row with generated columns appended, live over an input row: one image is generated for each position of the input.</summary>
internal sealed class GenerationRow : DataViewRow
{
    private readonly DataViewRow _input;
    private readonly GenerationSchema _schema;
    private readonly IImageGenerator _generator;
    private readonly PromptReader _prompts;
    private readonly bool[] _active;
    private GeneratedImage? _image;
    private long _imagePosition = -1;

    public GenerationRow(DataViewRow input, GenerationSchema schema, IImageGenerator generator, long firstSeed, bool[] active)
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

    public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => _active[_schema.Checked(column).Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        IsColumnActive(column) && column.Index < _schema.Input.Count
            ? _input.GetGetter<TValue>(_schema.Input[column.Index])
            : GeneratedColumns.Typed<TValue>(column, IsColumnActive(column)
                ? GeneratedColumns.CreateGetter(_schema, column.Index, () => _prompts.ReadSeed(Position), Image)
                : null);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.Dispose();
        }

        base.Dispose(disposing);
    }

    private GeneratedImage Image()
    {
        if (_image is null || _imagePosition != Position)
        {
            GenerationRequest request = _prompts.Read(Position);
            _image = GeneratedImage.Generate(_generator, [request])[0];
            _imagePosition = Position;
        }

        return _image;
    }
}
