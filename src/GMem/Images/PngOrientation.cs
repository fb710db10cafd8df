using System.Buffers.Binary;
using SkiaSharp;

namespace GMem.Images;

/// <summary>
/// The EXIF orientation in the <c>eXIf</c> chunk of a PNG file, which Skia does not read (it does that of JPEG and WebP). Source: PNG
/// specification, third edition, 11.3.3.5; EXIF 2.32, 4.6.4.
/// </summary>
internal static class PngOrientation
{
    private const int OrientationTag = 0x0112;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>The orientation; the default where the file is no PNG or has none that can be read.</summary>
    public static SKEncodedOrigin Of(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(Signature))
        {
            return SKEncodedOrigin.Default;
        }

        // A chunk: length, type, data, checksum. It may stand before the pixels or after them.
        for (ReadOnlySpan<byte> rest = file[Signature.Length..]; rest.Length >= 12;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 12)
            {
                break;
            }

            if (rest.Slice(4, 4).SequenceEqual("eXIf"u8))
            {
                return InExif(rest.Slice(8, (int)length));
            }

            rest = rest[(12 + (int)length)..];
        }

        return SKEncodedOrigin.Default;
    }

    /// <summary>The tag in the first directory of a TIFF header.</summary>
    private static SKEncodedOrigin InExif(ReadOnlySpan<byte> exif)
    {
        bool little = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || (!little && !exif.StartsWith("MM\0*"u8)))
        {
            return SKEncodedOrigin.Default;
        }

        uint directory = Number(exif[4..], 4, little);
        int count = directory <= exif.Length - 2 ? (int)Number(exif[(int)directory..], 2, little) : 0;
        for (int i = 0; i < count; i++)
        {
            long at = directory + 2L + (12L * i);
            if (at + 12 > exif.Length)
            {
                break;
            }

            ReadOnlySpan<byte> entry = exif.Slice((int)at, 12);
            if (Number(entry, 2, little) == OrientationTag)
            {
                uint value = Number(entry[8..], 2, little);
                return value is >= 1 and <= 8 ? (SKEncodedOrigin)value : SKEncodedOrigin.Default;
            }
        }

        return SKEncodedOrigin.Default;
    }

    private static uint Number(ReadOnlySpan<byte> bytes, int size, bool little) => (size, little) switch
    {
        (2, true) => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        (2, false) => BinaryPrimitives.ReadUInt16BigEndian(bytes),
        (_, true) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        _ => BinaryPrimitives.ReadUInt32BigEndian(bytes),
    };
}
