using System.Buffers.Binary;
using System.Text;

namespace GMem.FileFormats;

/// <summary>The bytes of a pickle, taken from the front. None is taken that is not there.</summary>
internal sealed class PickleBytes(byte[] bytes, PickleTensors errors)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>How many have been taken.</summary>
    public int At { get; private set; }

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > bytes.Length - At)
        {
            throw errors.Damaged("its pickle ends in the middle of an instruction");
        }

        At += count;
        return bytes.AsSpan(At - count, count);
    }

    public byte TakeByte() => Take(1)[0];

    public uint TakeUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong TakeUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A text of so many bytes.</summary>
    public string TakeText(ulong length)
    {
        if (length > (ulong)(bytes.Length - At))
        {
            throw errors.Damaged($"a text of {length:N0} bytes is announced where {bytes.Length - At:N0} are left");
        }

        try
        {
            return Strict.GetString(Take((int)length));
        }
        catch (DecoderFallbackException e)
        {
            throw errors.Damaged("a text in it is not UTF-8", e);
        }
    }

    /// <summary>A text up to the next line feed.</summary>
    public string TakeLine()
    {
        int length = bytes.AsSpan(At).IndexOf((byte)'\n');
        if (length < 0)
        {
            throw errors.Damaged("a name in it does not end");
        }

        string line = TakeText((ulong)length);
        Take(1);
        return line;
    }

    /// <summary>A signed number of so many bytes, the lowest first.</summary>
    public long TakeInteger(int length)
    {
        if (length > sizeof(long))
        {
            throw errors.Refused($"has an integer of {length} bytes; read are 64-bit ones");
        }

        ReadOnlySpan<byte> littleEndian = Take(length);
        long value = length > 0 && littleEndian[^1] >= 0x80 ? -1 : 0;
        for (int i = length - 1; i >= 0; i--)
        {
            value = (value << 8) | littleEndian[i];
        }

        return value;
    }
}
