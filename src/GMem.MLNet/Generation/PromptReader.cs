using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Generation;

/// <summary>Reads the prompt of the row that a cursor stands on.</summary>
internal sealed class PromptReader
{
    private readonly PromptColumns _columns;
    private readonly IImageGenerator _generator;
    private readonly long _firstSeed;
    private readonly Func<long>? _seed;
    private readonly Func<long>? _memoryIndex;
    private readonly ValueGetter<VBuffer<float>>? _snippet;
    private VBuffer<float> _snippetValue;

    /// <param name="row">The row or cursor to read from; the prompt columns are active in it.</param>
    /// <param name="columns">The prompt columns.</param>
    /// <param name="generator">Checks the prompts.</param>
    /// <param name="firstSeed">The seed of row 0 where there is no seed column.</param>
    public PromptReader(DataViewRow row, PromptColumns columns, IImageGenerator generator, long firstSeed)
    {
        _columns = columns;
        _generator = generator;
        _firstSeed = firstSeed;
        _seed = columns.Seed is { } seed ? Integer(row, seed) : null;
        _memoryIndex = columns.MemoryIndex is { } index ? Integer(row, index) : null;
        _snippet = columns.Snippet is { } snippet ? row.GetGetter<VBuffer<float>>(snippet) : null;
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
            throw new InvalidDataException($"Row {position} (counted from 0): the seed in column '{_columns.Seed!.Value.Name}' is above {long.MaxValue}, the largest there is.", e);
        }
    }

    /// <summary>The whole prompt of the current row, checked.</summary>
    /// <param name="position">Number of the row from 0.</param>
    /// <exception cref="InvalidDataException">It is not valid; the message names the row and says why.</exception>
    public GenerationRequest Read(long position)
    {
        long seed = ReadSeed(position);
        GenerationRequest request = new(seed, ReadMemoryIndex(position), ReadSnippet());
        if (request.MemoryIndex >= 0 && !request.Snippet.IsEmpty)
        {
            throw new InvalidDataException(
                $"Row {position} (counted from 0) has two prompts that exclude each other: column '{_columns.MemoryIndex!.Value.Name}' is {request.MemoryIndex} and column "
                + $"'{_columns.Snippet!.Value.Name}' has {request.Snippet.Length} entries. Give one of them: set the index to -1 or leave the snippet empty.");
        }

        try
        {
            _generator.Validate(request);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"Row {position} (counted from 0): {e.Message}", e);
        }

        return request;
    }

    private long ReadMemoryIndex(long position)
    {
        try
        {
            return _memoryIndex?.Invoke() ?? -1;
        }
        catch (OverflowException e)
        {
            throw new InvalidDataException($"Row {position} (counted from 0): the memory index in column '{_columns.MemoryIndex!.Value.Name}' is above {long.MaxValue}.", e);
        }
    }

    private ReadOnlyMemory<float> ReadSnippet()
    {
        if (_snippet is null)
        {
            return default;
        }

        _snippet(ref _snippetValue);
        return _snippetValue.DenseValues().ToArray();
    }

    private static Func<long> Integer(DataViewRow row, DataViewSchema.Column column) => Type.GetTypeCode(column.Type.RawType) switch
    {
        TypeCode.Int64 => Integer<long>(row, column),
        TypeCode.Int32 => Integer<int>(row, column),
        TypeCode.Int16 => Integer<short>(row, column),
        TypeCode.SByte => Integer<sbyte>(row, column),
        TypeCode.UInt64 => Integer<ulong>(row, column),
        TypeCode.UInt32 => Integer<uint>(row, column),
        TypeCode.UInt16 => Integer<ushort>(row, column),
        TypeCode.Byte => Integer<byte>(row, column),
        _ => throw new NotSupportedException($"Column '{column.Name}' is {column.Type}, no integer."),
    };

    private static Func<long> Integer<T>(DataViewRow row, DataViewSchema.Column column)
        where T : struct, IBinaryInteger<T>
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            getter(ref value);
            return long.CreateChecked(value);
        };
    }
}
