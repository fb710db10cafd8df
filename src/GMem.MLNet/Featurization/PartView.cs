using GMem.Images;
using GMem.MLNet.Columns;
using GMem.MLNet.Generation;
using GMem.MLNet.Training;

namespace GMem.MLNet.Featurization;

/// <summary>
/// The part of each training image that is trained on (a square, for square images), at the resolution that it has: what a featurizer is fitted to. One column, of images of
/// any size, which an enumerable of rows cannot be (ML.NET knows images of one size there).
/// </summary>
/// <param name="columns">The columns of the featurizer.</param>
/// <param name="open">Reads the images, from the first.</param>
internal sealed class PartView(FeaturizerColumns columns, Func<IEnumerable<RgbImage>> open) : IDataView
{
    public bool CanShuffle => false;

    public DataViewSchema Schema { get; } = columns.InputSchema();

    /// <summary>The parts of all images that can be read; the others are named when they are read for training.</summary>
    /// <param name="columns">The columns of the featurizer.</param>
    /// <param name="view">The training data.</param>
    /// <param name="images">Their column of images.</param>
    /// <param name="options">The shape of the images, and whether those that cannot be read are left out.</param>
    public static PartView Of(FeaturizerColumns columns, IDataView view, DataViewSchema.Column images, GMemTrainer.Options options) =>
        new(columns, () => Parts(view, images, options));

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(Schema, open().GetEnumerator());

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private static IEnumerable<RgbImage> Parts(IDataView view, DataViewSchema.Column images, GMemTrainer.Options options)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([images]);
        Func<long, ImageToDecode?> read = ImageSource.Create(cursor, images, options.ImageChannels);
        for (long row = 0; cursor.MoveNext(); row++)
        {
            RgbImage? part = null;
            try
            {
                part = read(row) is { } found ? CenterCrop.RgbPart(found.Decode(null, null), options.ImageShape) : null;
            }
            catch (Exception e) when (BadImages.IsSkipped(e, options.BadImages))
            {
            }

            if (part is not null)
            {
                yield return part;
            }
        }
    }

    private sealed class Cursor(DataViewSchema schema, IEnumerator<RgbImage> images) : DataViewRowCursor
    {
        private long _position = -1;

        public override DataViewSchema Schema => schema;

        public override long Position => _position;

        public override long Batch => 0;

        public override bool MoveNext()
        {
            bool moved = images.MoveNext();
            _position += moved ? 1 : 0;
            return moved;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => true;

        /// <summary>Each image belongs to who asked for it; handing in the last one, which is then disposed, is the custom.</summary>
        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            (ValueGetter<MLImage?>)((ref MLImage? value) =>
            {
                value?.Dispose();
                value = MLImages.From(images.Current);
            }) as ValueGetter<TValue> ?? throw FeaturizerColumns.NoImage(column, typeof(TValue));

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)_position, 0);

        protected override void Dispose(bool disposing)
        {
            images.Dispose();
            base.Dispose(disposing);
        }
    }
}
