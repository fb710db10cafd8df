using System.IO.Compression;
using System.IO.Hashing;

namespace GMem.FileFormats;

/// <summary>Entries of zips, read to their end and compared with their length and CRC, which .NET does not do.</summary>
internal static class CheckedZip
{
    /// <summary>No deflate stream grows by more than this factor; an entry that claims more is damaged.</summary>
    private const long LargestRatio = 1032;

    /// <summary>The entries by their names, each of which only one may have: programs disagree on which of two counts.</summary>
    /// <exception cref="InvalidDataException">There are two of a name.</exception>
    public static Dictionary<string, ZipArchiveEntry> ByName(ZipArchive zip)
    {
        Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            if (!entries.TryAdd(PathOf(entry), entry))
            {
                throw new InvalidDataException($"it has two entries '{PathOf(entry)}'.");
            }
        }

        return entries;
    }

    /// <summary>The name with forward slashes, whatever the system it was written on.</summary>
    public static string PathOf(ZipArchiveEntry entry) => entry.FullName.Replace('\\', '/');

    /// <summary>Reads an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="read">Reads its content, as far as it wants; the rest is read too.</param>
    /// <exception cref="InvalidDataException">It is encrypted, or damaged.</exception>
    public static void Read(ZipArchiveEntry entry, Action<Stream> read)
    {
        if (entry.IsEncrypted)
        {
            throw new InvalidDataException(
                $"its entry '{entry.FullName}' is encrypted, which is not read. Extract the zip with its password and pack it again "
                    + "without one.");
        }

        if (entry.Length > (entry.CompressedLength + 1) * LargestRatio)
        {
            throw Damaged(entry, $"it claims {entry.Length:N0} bytes in {entry.CompressedLength:N0} compressed ones");
        }

        using Stream content = entry.Open();
        using CountedStream counted = new(content);
        read(counted);
        counted.ReadToEnd();
        if (counted.Count != entry.Length)
        {
            throw Damaged(entry, $"it should have {entry.Length:N0} bytes and has {counted.Count:N0}");
        }

        if (counted.Crc != entry.Crc32)
        {
            throw Damaged(entry, "its content does not have the checksum (CRC-32) that it was written with");
        }
    }

    /// <summary>The whole content of an entry, for which no more is allocated than a compressed entry of its size can hold.</summary>
    /// <exception cref="InvalidDataException">It is encrypted, or damaged.</exception>
    public static byte[] ReadAll(ZipArchiveEntry entry)
    {
        byte[] content = [];
        Read(entry, stream =>
        {
            content = new byte[entry.Length];
            _ = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        });
        return content;
    }

    private static InvalidDataException Damaged(ZipArchiveEntry entry, string what) =>
        new($"its entry '{entry.FullName}' is damaged: {what}.");

    /// <summary>Counts what is read of another stream, and sums it up.</summary>
    private sealed class CountedStream(Stream inner) : OneWayStream
    {
        private readonly Crc32 _crc = new();

        public long Count { get; private set; }

        public uint Crc => _crc.GetCurrentHashAsUInt32();

        public override bool CanRead => true;

        public void ReadToEnd()
        {
            byte[] buffer = new byte[1 << 16];
            while (Read(buffer) > 0)
            {
            }
        }

        public override int Read(Span<byte> buffer)
        {
            int read = inner.Read(buffer);
            _crc.Append(buffer[..read]);
            Count += read;
            return read;
        }
    }
}
