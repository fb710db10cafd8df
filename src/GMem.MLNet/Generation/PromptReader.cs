using System.Numerics;
using GMem.Backbone;
using GMem.Images;
using GMem.MLNet.Columns;

namespace GMem.MLNet.Generation;

/// <summary>Reads the prompt of the row that a cursor stands on.</summary>
internal sealed class PromptReader
{
    /// <summary>What a row says that gives no memory index; a column cannot hold null.</summary>
    private const long NoIndex = -1;

    private readonly PromptColumns _columns;
    private readonly IRowGenerator _generator;
    private readonly long _firstSeed;
    private readonly Func<long>? _seed;
    private readonly Func<long>? _memoryIndex;
    private readonly ValueGetter<VBuffer<float>>? _snippet;
    private readonly Func<string>? _label;
    private readonly Func<long, ImageToDecode?>? _image;
    private readonly ValueGetter<VBuffer<float>>? _values;
    private readonly Func<double>? _strength;
    private readonly Func<long, ImageToDecode?>? _mask;
    private readonly Func<long, ImageToDecode?>? _noiseImage;
    private readonly ValueGetter<VBuffer<float>>? _trainedSnippet;
    private readonly Func<long, ImageToDecode?>? _trainedImage;
    private VBuffer<float> _snippetValue;

    /// <param name="row">The row or cursor to read from; the prompt columns are active in it.</param>
    /// <param name="columns">The prompt columns.</param>
    /// <param name="generator">Checks the prompts.</param>
    /// <param name="firstSeed">The seed of row 0 where there is no seed column.</param>
    public PromptReader(DataViewRow row, PromptColumns columns, IRowGenerator generator, long firstSeed)
    {
        _columns = columns;
        _generator = generator;
        _firstSeed = firstSeed;
        _seed = columns.Seed is { } seed ? Integer(row, seed) : null;
        _memoryIndex = columns.MemoryIndex is { } index ? Integer(row, index) : null;
        _snippet = columns.Snippet is { } snippet ? row.GetGetter<VBuffer<float>>(snippet) : null;
        _label = columns.Label is { } label ? LabelSource.Create(row, label) : null;
        int channels = generator.ImageShape.Channels;
        _image = columns.Image is { } image ? ImageSource.Create(row, image, channels) : null;
        _values = columns.Values is { } values ? row.GetGetter<VBuffer<float>>(values) : null;
        _strength = columns.Strength is not { } strength ? null
            : strength.Type.RawType == typeof(double) ? Number<double, double>(row, strength)
            : Number<float, double>(row, strength);
        _mask = columns.Mask is { } mask ? ImageSource.Create(row, mask, ImageShape.Rgb) : null;
        _noiseImage = columns.NoiseImage is { } noise ? ImageSource.Create(row, noise, channels) : null;
        _trainedSnippet = columns.TrainedSnippet is { } trained ? row.GetGetter<VBuffer<float>>(trained) : null;
        _trainedImage = columns.TrainedImage is { } pictures ? ImageSource.Create(row, pictures, generator.ImageShape.Channels) : null;
    }

    /// <summary>The seed of the current row.</summary>
    /// <param name="position">Number of the row from 0.</param>
    public long ReadSeed(long position)
    {
        try
        {
            return _seed?.Invoke() ?? unchecked(_firstSeed + position);
        }
        catch (OverflowException e)
        {
            throw new InvalidDataException(
                $"Row {position} (counted from 0): the seed in column '{_columns.Seed!.Value.Name}' is above {long.MaxValue}, the "
                    + "largest there is.", e);
        }
    }

    /// <summary>The whole prompt of the current row, checked.</summary>
    /// <param name="position">Number of the row from 0.</param>
    /// <exception cref="InvalidDataException">It is not valid; the message names the row and says why.</exception>
    public GenerationRequest Read(long position)
    {
        GenerationRequest request = new(ReadSeed(position), ReadMemoryIndex(position), Read(_snippet), _label?.Invoke())
        {
            Strength = _strength?.Invoke() is { } given && !double.IsNaN(given) ? given : null,
        };
        if (Read(_values) is { IsEmpty: false } values)
        {
            request = request with { Values = ValuesCondition.Of(values.ToArray()) };
        }

        ImageToDecode? image = _image?.Invoke(position), mask = _mask?.Invoke(position), noise = _noiseImage?.Invoke(position);
        bool starts = request.Strength is not null || mask is not null;
        ReadOnlyMemory<float> trained = ReadTrainedSnippet(position, request);
        CheckOnePrompt(position, request, image is not null && !starts, trained.Length);
        if (!trained.IsEmpty)
        {
            request = request with { Snippet = trained };
        }

        try
        {
            request = request with
            {
                PromptMask = mask?.Decode(null, null),
                Noise = noise is { } noisy ? _generator.Invert(noisy.Decode(null, null), request.PromptLabel) : default,
            };
            if (image is { } file)
            {
                RgbImage picture = file.Decode(null, null);
                request = request with
                {
                    PromptImage = starts ? picture : null,
                    Snippet = !starts || TakesSnippetOfImage(request) ? _generator.Encode(picture) : request.Snippet,
                };
            }

            _generator.Validate(request);
            return request with { PromptImage = Square(request.PromptImage), PromptMask = Square(request.PromptMask) };
        }
        catch (Exception e) when (
            e is not ObjectDisposedException
            && e is ArgumentException or InvalidOperationException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"Row {position} (counted from 0): {e.Message}", e);
        }
    }

    /// <summary>Whether a picture to start from is also the memory.</summary>
    private bool TakesSnippetOfImage(GenerationRequest request) =>
        _generator.HasMemory && request is { MemoryIndex: null, Snippet.IsEmpty: true }
        && (_generator.TakesLabels || string.IsNullOrEmpty(request.PromptLabel));

    /// <summary>What the model sees of a picture: a cursor keeps many of them.</summary>
    private RgbImage? Square(RgbImage? image) => image is null ? null : CenterCrop.Apply(image, _generator.ImageShape);

    private void CheckOnePrompt(long position, GenerationRequest request, bool image, int trainedSnippet)
    {
        List<string> given = [];
        if (request.MemoryIndex is not null)
        {
            given.Add($"column '{_columns.MemoryIndex!.Value.Name}' is {request.MemoryIndex}");
        }

        if (!request.Snippet.IsEmpty)
        {
            given.Add($"column '{_columns.Snippet!.Value.Name}' has {request.Snippet.Length} entries");
        }

        if (!_generator.TakesLabels && !string.IsNullOrEmpty(request.PromptLabel))
        {
            given.Add($"column '{_columns.Label!.Value.Name}' is '{request.PromptLabel}'");
        }

        if (image)
        {
            given.Add($"column '{_columns.Image!.Value.Name}' has an image");
        }

        if (trainedSnippet > 0)
        {
            given.Add($"column '{_columns.TrainedSnippet!.Value.Name}', the snippets of this pipeline, has {trainedSnippet} entries");
        }

        if (given.Count > 1)
        {
            throw new InvalidDataException(
                $"Row {position} (counted from 0) has prompts that exclude each other: {string.Join(" and ", given)}. Give one of them: "
                    + "-1 stands for no index, and an empty "
                + "snippet, label or image for none.");
        }
    }

    private long? ReadMemoryIndex(long position)
    {
        try
        {
            return _memoryIndex?.Invoke() is { } index && index != NoIndex ? index : null;
        }
        catch (OverflowException e)
        {
            throw new InvalidDataException(
                $"Row {position} (counted from 0): the memory index in column '{_columns.MemoryIndex!.Value.Name}' is above "
                    + $"{long.MaxValue}.", e);
        }
    }

    /// <summary>
    /// The snippet that the pipeline made of the row's picture. A column of fixed size cannot be empty: where there is no picture it holds
    /// what the pipeline makes of nothing, and where there is no column of pictures zeros stand for no snippet.
    /// </summary>
    private ReadOnlyMemory<float> ReadTrainedSnippet(long position, GenerationRequest request)
    {
        bool hasPicture = _trainedImage?.Invoke(position) is not null;
        if (hasPicture && _trainedSnippet is null && request.Snippet.IsEmpty)
        {
            throw new InvalidDataException(
                $"Row {position} (counted from 0): column '{_columns.TrainedImage!.Value.Name}' has a picture, which would be ignored: the "
                    + "model was trained on snippets that its pipeline makes of pictures, and there is no such column here. Use the whole "
                    + "pipeline, or leave the picture out. (A model that is trained with Options.Featurizer makes them itself.)");
        }

        if (_trainedImage is not null && !hasPicture)
        {
            return default;
        }

        ReadOnlyMemory<float> snippet = Read(_trainedSnippet);
        return snippet.Span.ContainsAnyExcept(0f) ? snippet : default;
    }

    private ReadOnlyMemory<float> Read(ValueGetter<VBuffer<float>>? getter)
    {
        if (getter is null)
        {
            return default;
        }

        getter(ref _snippetValue);
        return _snippetValue.DenseValues().ToArray();
    }

    private static Func<long> Integer(DataViewRow row, DataViewSchema.Column column) => Type.GetTypeCode(column.Type.RawType) switch
    {
        TypeCode.Int64 => Number<long, long>(row, column),
        TypeCode.Int32 => Number<int, long>(row, column),
        TypeCode.Int16 => Number<short, long>(row, column),
        TypeCode.SByte => Number<sbyte, long>(row, column),
        TypeCode.UInt64 => Number<ulong, long>(row, column),
        TypeCode.UInt32 => Number<uint, long>(row, column),
        TypeCode.UInt16 => Number<ushort, long>(row, column),
        TypeCode.Byte => Number<byte, long>(row, column),
        _ => throw new NotSupportedException($"Column '{column.Name}' is {column.Type}, no integer."),
    };

    private static Func<TTo> Number<TFrom, TTo>(DataViewRow row, DataViewSchema.Column column)
        where TFrom : struct, INumber<TFrom>
        where TTo : struct, INumber<TTo>
    {
        ValueGetter<TFrom> getter = row.GetGetter<TFrom>(column);
        TFrom value = default;
        return () =>
        {
            getter(ref value);
            return TTo.CreateChecked(value);
        };
    }
}
