using GMem.Images;
using GMem.MLNet.Columns;
using GMem.MLNet.Persistence;
using Microsoft.ML.Transforms.Image;
using TorchSharp;

namespace GMem.MLNet.Evaluation;

/// <summary>
/// The images of a view, in batches for a feature network: read in order, decoded on all cores, brought to one shape.
/// </summary>
internal sealed class ViewImages
{
    private const int BatchSize = 64;

    private readonly IDataView _view;
    private readonly string _role;
    private readonly DataViewSchema.Column _column;
    private readonly DataViewSchema.Column? _memoryIndex;

    /// <param name="view">The view.</param>
    /// <param name="role">What the images are, for messages: <c>real</c>, <c>generated</c>.</param>
    /// <param name="columnName">Its column of images.</param>
    /// <param name="memoryIndexName">
    /// Its column of memory indices (<see cref="long"/>); null, or one that it does not have, reads none.
    /// </param>
    public ViewImages(IDataView view, string role, string columnName, string? memoryIndexName = null)
    {
        SchemaShape shape = SchemaShapes.Of(view.Schema);
        SchemaShape.Column image = shape.Find(columnName) ?? throw new ArgumentException(
            $"The column '{columnName}' of {role} images is not in the view, which has: {shape.ColumnNames}.");
        if (!image.HoldsImages)
        {
            throw image.Mismatch($"{role} image", ColumnKinds.Images);
        }

        _view = view;
        _role = role;
        _column = view.Schema[columnName];
        _memoryIndex = memoryIndexName is null ? null : view.Schema.GetColumnOrNull(memoryIndexName);
        if (_memoryIndex is { } column && column.Type != NumberDataViewType.Int64)
        {
            throw new ArgumentException(
                $"The column '{column.Name}' of memory indices is {column.Type}; expected Int64. Name the transformer's output, or null "
                    + "for none.");
        }
    }

    /// <summary>The memory index of each image that has been read; empty where there is no such column.</summary>
    public List<long> MemoryIndices { get; } = [];

    /// <summary>The shape of the first image, or as the column's type says, in RGB.</summary>
    /// <exception cref="ArgumentException">The view has no rows.</exception>
    public ImageShape Shape()
    {
        if (_column.Type is ImageDataViewType { Width: > 0, Height: > 0 } type)
        {
            return new ImageShape(type.Height, type.Width);
        }

        using DataViewRowCursor cursor = _view.GetRowCursor([_column]);
        Func<long, ImageToDecode?> images = ImageSource.Create(cursor, _column, ImageShape.Rgb);
        if (!cursor.MoveNext())
        {
            throw new ArgumentException($"There are no {_role} images: the view has no rows.");
        }

        RgbImage first = Required(images(0), 0).Decode(null, null);
        return new ImageShape(first.Height, first.Width);
    }

    /// <summary>Batches uint8 <c>[B, C, H, W]</c>, each to be disposed by who takes it.</summary>
    public IEnumerable<torch.Tensor> Batches(ImageShape shape, CancellationToken cancellationToken)
    {
        using DataViewRowCursor cursor = _view.GetRowCursor(_memoryIndex is { } index ? [_column, index] : [_column]);
        Func<long, ImageToDecode?> images = ImageSource.Create(cursor, _column, ImageShape.Rgb);
        ValueGetter<long>? memoryIndex = _memoryIndex is { } column ? cursor.GetGetter<long>(column) : null;
        List<ImageToDecode> batch = [];
        long row = 0;
        while (cursor.MoveNext())
        {
            batch.Add(Required(images(row), row++));
            if (memoryIndex is not null)
            {
                long value = 0;
                memoryIndex(ref value);
                MemoryIndices.Add(value);
            }

            if (batch.Count == BatchSize || batch.Sum(image => image.Bytes) > ImageReader.MemoryBudget)
            {
                yield return Decode(batch, shape, cancellationToken);
                batch.Clear();
            }
        }

        if (row == 0)
        {
            throw new ArgumentException($"There are no {_role} images: the view has no rows.");
        }

        if (batch.Count > 0)
        {
            yield return Decode(batch, shape, cancellationToken);
        }
    }

    private static torch.Tensor Decode(List<ImageToDecode> images, ImageShape shape, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        // Of several failures the first image's is thrown.
        return ImageTensors.ToTensor(Task.WhenAll(images.Select(image =>
            Task.Run(() => image.Decode(shape, null), CancellationToken.None))).GetAwaiter().GetResult());
    }

    private ImageToDecode Required(ImageToDecode? image, long row) =>
        image ?? throw new InvalidDataException($"Row {row} (counted from 0) of the {_role} images: column '{_column.Name}' has no image.");
}
