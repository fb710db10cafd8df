using System.Text;
using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>Strings as one run of UTF-8 with offsets. A string is created only when it is read; an empty one means none.</summary>
internal sealed class StringTable
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ByteStore _offsets;
    private readonly ByteStore _text;

    private readonly string _name;

    /// <param name="offsets">Where each text begins in <paramref name="text"/>, 64-bit, and where the last one ends.</param>
    /// <param name="text">UTF-8.</param>
    /// <param name="name">What to call their bank in an error.</param>
    public StringTable(ByteStore offsets, ByteStore text, string name = "the memory bank")
    {
        _name = name;
        _offsets = offsets;
        _text = text;
        Count = checked((int)((offsets.Length / sizeof(long)) - 1));
    }

    public int Count { get; }

    /// <summary>Where the string of this position begins; at <see cref="Count"/>, where the last one ends.</summary>
    public long Offset(int index) => _offsets.Read<long>((long)index * sizeof(long));

    public string? this[int index]
    {
        get
        {
            byte[] bytes = Utf8(index);
            try
            {
                return bytes.Length == 0 ? null : Strict.GetString(bytes);
            }
            catch (DecoderFallbackException e)
            {
                throw new InvalidDataException($"Text {index} of {_name} is not UTF-8; the file is damaged.", e);
            }
        }
    }

    public byte[] Utf8(int index)
    {
        byte[] bytes = new byte[LengthOf(index)];
        _text.CopyTo<byte>(Offset(index), bytes);
        return bytes;
    }

    public int LengthOf(int index)
    {
        long begin = Offset(index);
        long end = Offset(index + 1);
        return begin >= 0 && end >= begin && end <= _text.Length && end - begin <= Array.MaxLength
            ? (int)(end - begin)
            : throw new InvalidDataException(
                $"Text {index} of {_name} is said to lie in bytes {begin} to {end} of {_text.Length}; the file is damaged.");
    }

    /// <summary>Some of the texts, in memory, without making strings of them.</summary>
    public StringTable Select(ReadOnlySpan<int> indices)
    {
        long[] offsets = new long[indices.Length + 1];
        for (int i = 0; i < indices.Length; i++)
        {
            offsets[i + 1] = offsets[i] + LengthOf(indices[i]);
        }

        ManagedBytes text = new(offsets[^1]);
        foreach (int index in indices)
        {
            text.Append(Utf8(index));
        }

        return new StringTable(ManagedBytes.Of<long>(offsets), text);
    }

    /// <exception cref="ArgumentException">A text has half of a surrogate pair and so no UTF-8 form.</exception>
    public static StringTable Of(IReadOnlyList<string?> texts, string parameter)
    {
        long[] offsets = new long[texts.Count + 1];
        for (int i = 0; i < texts.Count; i++)
        {
            offsets[i + 1] = offsets[i] + ByteCount(texts[i], i, parameter);
        }

        ManagedBytes text = new(offsets[^1]);
        foreach (string? item in texts)
        {
            text.Append(Strict.GetBytes(item ?? ""));
        }

        return new StringTable(ManagedBytes.Of<long>(offsets), text);
    }

    private static int ByteCount(string? text, int index, string parameter)
    {
        try
        {
            return Strict.GetByteCount(text ?? "");
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException(
                $"Text {index} of {parameter} has half of a surrogate pair, which UTF-8 cannot hold.", parameter, e);
        }
    }
}
