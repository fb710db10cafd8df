using System.Text;
using System.Text.Unicode;
using GMem.FileFormats;

namespace GMem.Images;

/// <summary>Recognises files that hold or list images by their content; their ending does not matter.</summary>
internal static class CollectionFormat
{
    private const int StartLength = 4096;

    /// <exception cref="DirectoryNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is empty, a pipe or a device, or of another kind; the message says which.</exception>
    public static CollectionKind Of(string path)
    {
        byte[] start = Start(path);
        return KindOf(start, path) ?? throw new InvalidDataException(
            $"'{path}' is {Other(start, path) ?? "neither a folder nor a zip, tar or Parquet file, nor a list of images (TSV or CSV)"}.");
    }

    /// <summary>Whether a file is of one of the kinds. False for one that cannot be read.</summary>
    public static bool Is(string path)
    {
        try
        {
            return KindOf(Start(path), path) is not null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static byte[] Start(string path)
    {
        if (!File.Exists(path))
        {
            throw new DirectoryNotFoundException($"There is no folder or file '{path}'.");
        }

        _ = ImageReader.RequireBytes(path);
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        byte[] start = new byte[StartLength];
        return start[..stream.ReadAtLeast(start, StartLength, throwOnEndOfStream: false)];
    }

    private static CollectionKind? KindOf(ReadOnlySpan<byte> start, string path) =>
        start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8) ? CollectionKind.Zip
        : start.StartsWith("PAR1"u8) ? CollectionKind.Parquet
        : IsTar(start) ? CollectionKind.Tar
        : Other(start, path) is not null ? null
        : IsText(start) ? CollectionKind.List

        // A zip may have something before it, such as a program that extracts it.
        : path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? CollectionKind.Zip
        : null;

    /// <summary>Whether a block is the header of a tar, of any of its variants: they have the checksum in common.</summary>
    private static bool IsTar(ReadOnlySpan<byte> start)
    {
        const int Block = 512, ChecksumAt = 148, ChecksumLength = 8;
        if (start.Length < Block)
        {
            return false;
        }

        (int sum, int signed, int expected) = (0, 0, 0);
        for (int i = 0; i < Block; i++)
        {
            bool isField = i is >= ChecksumAt and < ChecksumAt + ChecksumLength;
            sum += isField ? ' ' : start[i];
            signed += isField ? ' ' : (sbyte)start[i];
            expected = isField && start[i] is >= (byte)'0' and <= (byte)'7' ? (expected * 8) + start[i] - '0' : expected;
        }

        return start[0] != 0 && (sum == expected || signed == expected);
    }

    /// <summary>Text of UTF-8, or of UTF-16 that says so.</summary>
    private static bool IsText(ReadOnlySpan<byte> start)
    {
        if (start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            return true;
        }

        // The last character may be cut.
        int end = start.Length;
        while (start.Length == StartLength && StartLength - end < 3 && !Utf8.IsValid(start[..end]))
        {
            end--;
        }

        return Utf8.IsValid(start[..end]) && !start.ContainsAnyInRange((byte)0, (byte)8);
    }

    /// <summary>Whether the first line is of a list: a value of it, without quotes as JSON has them, is the path of an image.</summary>
    private static bool StartsWithImage(ReadOnlySpan<byte> start) =>
        Encoding.UTF8.GetString(start).TrimStart().Split('\n')[0].Split(['\t', ',']).Any(value => ImageName.IsImage(value.Trim()));

    /// <summary>What a file is that people take for one that holds images, and what to do; null if that is not known.</summary>
    private static string? Other(ReadOnlySpan<byte> start, string path)
    {
        string Unpack(string format, string command) =>
            $"compressed ({format}), so that images in it cannot be read one by one. Unpack it: {command} '{path}'";
        return start.StartsWith("PARE"u8) ? "an encrypted Parquet file, which is not read. Write it again without encryption"
            : start is [0x1F, 0x8B, ..] ? Unpack("gzip", "gzip -dk")
            : start is [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', ..] ? Unpack("bzip2", "bzip2 -dk")
            : start is [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] ? Unpack("xz", "xz -dk")
            : start is [0x28, 0xB5, 0x2F, 0xFD, ..] ? Unpack("Zstandard", "zstd -d")
            : start is [(byte)'7', (byte)'z', 0xBC, 0xAF, ..] ? Unpack("7z", "7z x")
            : start.StartsWith("Rar!"u8) ? Unpack("RAR", "unrar x")
            : start.StartsWith("ARROW1"u8) || start is [0xFF, 0xFF, 0xFF, 0xFF, ..]
                ? "an Arrow file. Write it as Parquet: load_from_disk(...).to_parquet(...) in the Python package 'datasets'"
            : start is [0xFF, 0xD8, 0xFF, ..] || start is [0x89, (byte)'P', (byte)'N', (byte)'G', ..]
                || start.StartsWith("GIF8"u8) || (start.StartsWith("RIFF"u8) && start.Length > 12 && start[8..].StartsWith("WEBP"u8))
                ? "a single image. Name the folder, the archive or the list that has many"
            : start.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..] && IsText(start) && !StartsWithImage(start)
                ? "JSON, not a list of images. Write it as TSV or CSV: the path and the label of an image in each line"
            : OtherFormat.Of(start);
    }
}
