namespace GMem.MLNet.Generation;

/// <summary>The values of one input column for the rows that a cursor has read ahead.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>Copies the value of the source's current row into a slot.</summary>
    public abstract void Store(int slot);

    /// <summary>A <see cref="ValueGetter{TValue}"/> of the slot that the function names at the time of the call.</summary>
    public abstract Delegate CreateGetter(Func<int> slot);

    public static ColumnBuffer Create(DataViewRow source, DataViewSchema.Column column, int slots)
    {
        if (column.Type.RawType == typeof(MLImage))
        {
            return new ImageColumnBuffer(source, column, slots);
        }

        Type type = column.Type is VectorDataViewType vector
            ? typeof(VectorColumnBuffer<>).MakeGenericType(vector.ItemType.RawType)
            : typeof(ValueColumnBuffer<>).MakeGenericType(column.Type.RawType);
        return (ColumnBuffer)Activator.CreateInstance(type, source, column, slots)!;
    }
}

/// <summary>Values that are safe to keep: numbers, text, and references that the source does not reuse.</summary>
internal sealed class ValueColumnBuffer<T>(DataViewRow source, DataViewSchema.Column column, int slots) : ColumnBuffer
{
    private readonly ValueGetter<T> _source = source.GetGetter<T>(column);
    private readonly T[] _values = new T[slots];

    public override void Store(int slot) => _source(ref _values[slot]);

    public override Delegate CreateGetter(Func<int> slot)
    {
        return (ValueGetter<T>)Get;
        void Get(ref T value) => value = _values[slot()];
    }
}

/// <summary>Vectors: each slot has its own storage, and a reader gets a copy, because it may write into what it is given.</summary>
internal sealed class VectorColumnBuffer<T>(DataViewRow source, DataViewSchema.Column column, int slots) : ColumnBuffer
{
    private readonly ValueGetter<VBuffer<T>> _source = source.GetGetter<VBuffer<T>>(column);
    private readonly VBuffer<T>[] _values = new VBuffer<T>[slots];

    public override void Store(int slot) => _source(ref _values[slot]);

    public override Delegate CreateGetter(Func<int> slot)
    {
        return (ValueGetter<VBuffer<T>>)Get;
        void Get(ref VBuffer<T> value) => _values[slot()].CopyTo(ref value);
    }
}

/// <summary>
/// Images: their pixels are copied, because ML.NET's image transforms dispose an image when the next one is asked for. A reader gets an
/// image of its own.
/// </summary>
internal sealed class ImageColumnBuffer(DataViewRow source, DataViewSchema.Column column, int slots) : ColumnBuffer
{
    private readonly ValueGetter<MLImage> _source = source.GetGetter<MLImage>(column);
    private readonly Copy?[] _values = new Copy?[slots];
    private MLImage _current = null!;

    public override void Store(int slot)
    {
        // Handing in the last image lets the source dispose it, as is the custom among ML.NET's image transforms.
        _source(ref _current);
        _values[slot] = _current is null
            ? null
            : new Copy(_current.Width, _current.Height, _current.PixelFormat, _current.Pixels.ToArray(), _current.Tag);
    }

    public override Delegate CreateGetter(Func<int> slot)
    {
        return (ValueGetter<MLImage>)Get;
        void Get(ref MLImage value) => value = _values[slot()]?.ToImage()!;
    }

    private sealed record Copy(int Width, int Height, MLPixelFormat Format, byte[] Pixels, string? Tag)
    {
        public MLImage ToImage()
        {
            MLImage image = MLImage.CreateFromPixels(Width, Height, Format, Pixels);
            image.Tag = Tag;
            return image;
        }
    }
}
