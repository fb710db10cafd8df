using System.Diagnostics;
using GMem.Backbone;
using GMem.Images;
using GMem.Latents;
using GMem.MLNet.Columns;
using GMem.MLNet.Featurization;
using GMem.Training;
using TorchSharp;

namespace GMem.MLNet.Training;

/// <summary>
/// Reads a view into <see cref="TrainingImages"/>: the cursor on this thread, decoding on all cores, results in the order of the rows.
/// </summary>
internal sealed class TrainingImageReader : IDisposable
{
    /// <summary>Rows that may wait for decoding, for each core: enough that no core idles, few enough that little memory is held.</summary>
    private const int RowsAheadPerCore = 4;

    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    /// <summary>Another rank decodes it.</summary>
    private static readonly Task<DecodedRow> Elsewhere = Task.FromException<DecodedRow>(new InvalidOperationException("Not decoded here."));

    private readonly TrainingColumns _columns;
    private readonly GMemTrainer.Options _options;
    private readonly IChannel _channel;
    private readonly BadImages _bad;
    private readonly ImageStore _pixels;
    private readonly GrowingTensor? _snippets;
    private readonly GrowingTensor? _values;
    private readonly SourceSnippets? _sourceSnippets;
    private readonly List<string>? _sources;
    private readonly List<string>? _labels;
    private readonly Queue<PendingRow> _decoding = new();
    private readonly SemaphoreSlim _wholePictures = new(Environment.ProcessorCount);
    private readonly CancellationTokenSource _stop;
    private readonly long? _rows;
    private readonly RankRows? _ranks;
    private readonly Stopwatch _sinceReport = Stopwatch.StartNew();
    private long _bytesAhead;

    private TrainingImageReader(IDataView view, TrainingColumns columns, GMemTrainer.Options options, IChannel channel)
    {
        _columns = columns;
        _options = options;
        _channel = channel;
        _bad = new BadImages(options.BadImages, channel);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(options.CancellationToken);
        long? rows = _rows = view.GetRowCount();
        _ranks = options.Ranks is { Size: > 1 } ranks ? new RankRows(ranks) : null;

        // First, since it can fail; the store has files by then which nobody would delete.
        _sourceSnippets = SourceSnippets.Of(view, columns.Image, options);
        try
        {
            _pixels = ImageStore.Create(rows, options.ImageShape, options.WorkspacePath);
        }
        catch
        {
            _sourceSnippets?.Dispose();
            throw;
        }

        _snippets = Vectors(columns.Snippet, rows);
        _values = Vectors(columns.Values, rows);
        _sources = columns.Image.Type is TextDataViewType ? [] : null;
        _labels = columns.Label is null ? null : [];
    }

    /// <exception cref="ArgumentException">There are fewer images than one batch.</exception>
    /// <exception cref="InvalidDataException">
    /// A snippet is not valid, or an image and bad images are not skipped; of several the first is named.
    /// </exception>
    public static TrainingImages Read(IDataView view, TrainingColumns columns, GMemTrainer.Options options, IChannel channel)
    {
        using TrainingImageReader reader = new(view, columns, options, channel);
        reader.ReadRows(view);
        reader.Report(isComplete: true);
        long count = reader._pixels.Count;
        reader._bad.Report(count);
        int batch = options.Training.BatchSize ?? 1;
        if (count < batch)
        {
            int bad = reader._bad.Skipped.Count;
            string skipped = bad > 0 ? $" ({bad} more could not be read, the first because: {reader._bad.Skipped[0].Reason})" : "";
            string batches = count == 0 ? "" : $", fewer than one batch of {batch}";
            throw new ArgumentException(count == 0 && skipped.Length == 0
                ? "The training data have no rows."
                : $"The training data have {count} image{(count == 1 ? "" : "s")}{skipped}{batches}. "
                    + (count == 0
                        ? "Give images that can be read."
                        : $"Give more images, or set Training.BatchSize (batchSize) to at most {count}."));
        }

        channel.Info(MessageSensitivity.None, $"Read {count} images of {options.ImageShape}.");
        return reader.Finish();
    }

    public void Dispose()
    {
        // Tasks that still run may use the cursor's images: let them end before anything is freed.
        _stop.Cancel();
        Task.WhenAll(_decoding.Select(p => p.Image)).ContinueWith(static done => _ = done.Exception, TaskScheduler.Default).Wait();
        _stop.Dispose();
        _wholePictures.Dispose();
        _pixels.Dispose();
        _snippets?.Dispose();
        _values?.Dispose();
        _sourceSnippets?.Dispose();
    }

    private static GrowingTensor? Vectors(DataViewSchema.Column? column, long? rows) =>
        column is { } vectors ? new GrowingTensor(rows, [SizeOf(vectors)], torch.float32) : null;

    private static int SizeOf(DataViewSchema.Column column) => ((VectorDataViewType)column.Type).Size;

    private TrainingImages Finish() => _pixels.Finish((_sourceSnippets is null
        ? new ImageStore.Annotations(_snippets?.Rows(), null, null, _sources, _labels)
        : _sourceSnippets.Finish(_sources, _labels)) with
    {
        Values = _values is null
            ? new Dictionary<string, torch.Tensor>()
            : new Dictionary<string, torch.Tensor> { [ValuesCondition.Name] = _values.Rows() },
    });

    private void ReadRows(IDataView view)
    {
        using DataViewRowCursor cursor = view.GetRowCursor(_columns.All);
        Func<long, ImageToDecode?> images = ImageSource.Create(cursor, _columns.Image, _options.ImageChannels);
        Func<long, float[]>? snippet = _columns.Snippet is { } snippets ? VectorReader(cursor, snippets, "snippet") : null;
        Func<long, float[]>? values = _columns.Values is { } numbers ? VectorReader(cursor, numbers, "vector of values") : null;
        Func<string>? label = _columns.Label is { } labels ? LabelSource.Create(cursor, labels) : null;
        RowReaders readers = new(images, snippet, values, label);
        int ahead = RowsAheadPerCore * Environment.ProcessorCount;
        for (long row = 0; TryReadRow(cursor, readers, row); row++)
        {
            if (_ranks is not null)
            {
                TakeWindow(isLast: false);
                continue;
            }

            while (_decoding.Count >= ahead || (_decoding.Count > 1 && _bytesAhead > ImageReader.MemoryBudget))
            {
                Take();
            }
        }

        TakeWindow(isLast: true);
        TakeAll();
    }

    /// <summary>With other ranks, rows are taken when all have decoded their share of a window of them.</summary>
    private void TakeWindow(bool isLast)
    {
        if (_ranks is null || (_decoding.Count < _ranks.Window && !isLast))
        {
            return;
        }

        IReadOnlyList<PendingRow> rows = _ranks.Exchange([.. _decoding]);
        _decoding.Clear();
        foreach (PendingRow row in rows)
        {
            _decoding.Enqueue(row);
        }

        TakeAll();
    }

    /// <summary>Reads the next row and has its image decoded; false if there is none.</summary>
    private bool TryReadRow(DataViewRowCursor cursor, RowReaders readers, long row)
    {
        _stop.Token.ThrowIfCancellationRequested();
        try
        {
            if (!cursor.MoveNext())
            {
                return false;
            }

            ImageToDecode? image = readers.Image(row);
            Task<DecodedRow> decoding = _ranks?.IsOwn(row) == false ? Elsewhere
                : image is { } found ? Task.Run(() => DecodeAsync(found), _stop.Token)
                : Task.FromException<DecodedRow>(new InvalidDataException(
                    $"Row {row} (counted from 0): column '{_columns.Image.Name}' has no image; it is "
                        + $"{(_sources is null ? "null or has no bytes" : "an empty path")}."));
            _decoding.Enqueue(new PendingRow(
                row, decoding, image?.Bytes ?? 0, image?.Source, readers.Label?.Invoke(), readers.Snippet?.Invoke(row),
                readers.Values?.Invoke(row)));
            _bytesAhead += image?.Bytes ?? 0;
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // An image of an earlier row that is bad as well comes first, however late its task was to find out.
            TakeAll();
            throw;
        }
    }

    /// <summary>Runs on any thread.</summary>
    private async Task<DecodedRow> DecodeAsync(ImageToDecode image)
    {
        if (_sourceSnippets is null)
        {
            return new DecodedRow(image.Decode(_options.ImageShape, ImageReader.MaxAspectRatio), null, null);
        }

        // A whole picture is held until its snippet is made: no more of them at once than there are cores.
        await _wholePictures.WaitAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            RgbImage whole = image.Decode(null, null);
            ImageReader.CheckAspectRatio(whole, image.Source ?? _columns.Image.Name, _options.ImageShape);
            (float[] plain, float[]? mirrored) = _sourceSnippets.Read(whole);
            return new DecodedRow(CenterCrop.Apply(whole, _options.ImageShape), plain, mirrored);
        }
        finally
        {
            _ = _wholePictures.Release();
        }
    }

    private void Report(bool isComplete)
    {
        _sinceReport.Restart();
        ReadingProgress progress = new(_pixels.Count, _rows, [.. _bad.Skipped], isComplete);
        if (!isComplete)
        {
            _channel.Info(MessageSensitivity.None, $"{progress}.");
        }

        _options.ReadingProgress?.Report(progress);
    }

    private void TakeAll()
    {
        while (_decoding.Count > 0)
        {
            Take();
        }
    }

    private void Take()
    {
        PendingRow row = _decoding.Dequeue();
        _bytesAhead -= row.Bytes;
        DecodedRow decoded;
        try
        {
            decoded = row.Image.GetAwaiter().GetResult();
        }
        catch (Exception e) when (_bad.IsSkipped(e))
        {
            _bad.Skip(row.Source ?? $"row {row.Number}", e);
            return;
        }

        if (_sinceReport.Elapsed > ReportInterval)
        {
            Report(isComplete: false);
        }

        _pixels.Add(decoded.Image);
        _sourceSnippets?.Add(decoded);
        _sources?.Add(row.Source!);
        _labels?.Add(row.Label!);
        if (row.Snippet is { } snippet)
        {
            _snippets!.Append(snippet);
        }

        if (row.Values is { } values)
        {
            _values!.Append(values);
        }
    }

    private static Func<long, float[]> VectorReader(DataViewRowCursor cursor, DataViewSchema.Column column, string role)
    {
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(column);
        VBuffer<float> buffer = default;
        return row =>
        {
            getter(ref buffer);
            string? fault = buffer.Length != SizeOf(column) ? $"has {buffer.Length} entries; expected {SizeOf(column)}"
                : buffer.Items().Any(item => !float.IsFinite(item.Value)) ? "has an entry that is not a finite number"
                : role == "snippet" && buffer.Items().All(item => item.Value == 0) ? "is all zeros, which stands for no snippet at all"
                : null;
            return fault is null ? [.. buffer.DenseValues()]
                : throw new InvalidDataException($"Row {row} (counted from 0): the {role} in column '{column.Name}' {fault}.");
        };
    }

    /// <summary>What reads the parts of the current row.</summary>
    private sealed record RowReaders(
        Func<long, ImageToDecode?> Image, Func<long, float[]>? Snippet, Func<long, float[]>? Values, Func<string>? Label);
}
