using System.Formats.Tar;
using Microsoft.Win32.SafeHandles;

namespace GMem.Images;

/// <summary>
/// A tar that is not compressed, such as a shard of WebDataset. Where each file lies is noted when it is opened; reading one is one read
/// of the disk, on any thread.
/// </summary>
internal sealed class TarImages : ImageArchive
{
    /// <summary>Zeros that may follow the last file: two blocks, and what fills a record, as long as a program likes it.</summary>
    private const int MostPadding = 1 << 20;

    private readonly SafeFileHandle _handle;
    private readonly Dictionary<string, (long Offset, long Length)> _files = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly List<IgnoredFile> _ignored = [];

    public TarImages(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            TarHeaders headers = new(stream);
            using TarReader reader = new(headers, leaveOpen: true);
            while (reader.GetNextEntry() is { } entry)
            {
                Add(entry, stream.Length);
                headers.LastRead = null;
            }

            // At the end of the file nothing is read.
            CheckEnd(stream, headers.LastRead ?? stream.Position);
        }
        catch (NotSupportedException e)
        {
            throw new InvalidDataException(
                $"'{path}' has sparse files or parts of other volumes, which are not read; pack it again without --sparse.", e);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or ArgumentException or FormatException
            or OverflowException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{path}' is not a tar archive, or it was cut short or damaged: {e.Message}", e);
        }

        _handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete, options: FileOptions.RandomAccess);
    }

    public override FoundImages List(string path)
    {
        TarLabels labels = new(name => _files.TryGetValue(name, out (long Offset, long Length) file)
            ? Read(file.Offset, Math.Min(file.Length, TarLabels.MaxBytes + 1))
            : null);
        Dictionary<string, string?> labelOf = _names.Where(n => ImageName.WhyIgnored(n) is null).ToDictionary(n => n, labels.Of);
        IgnoredFile[] sidecars =
        [
            .. labels.Used.Select(n => new IgnoredFile(n, $"{Path.GetExtension(n)}, read for labels", IsSuspect: false)),
            .. labels.Unreadable.Select(n => new IgnoredFile(n.Key, n.Value, IsSuspect: true)),
        ];
        HashSet<string> done = [.. sidecars.Select(f => f.Path)];
        return FoundImages.Of(path, _names.Where(n => !done.Contains(n)), [.. _ignored, .. sidecars], name => labelOf[name]);
    }

    public override long Length(ArchiveEntry entry) => Find(entry).Length;

    public override ReadOnlyMemory<byte> Read(ArchiveEntry entry)
    {
        (long offset, long length) = Find(entry);
        byte[] bytes = Read(offset, length);
        return bytes.Length == length
            ? bytes
            : throw new InvalidDataException($"'{entry}' cannot be read: its archive has become shorter.");
    }

    protected override void Free() => _handle?.Dispose();

    private (long Offset, long Length) Find(ArchiveEntry entry)
    {
        (long Offset, long Length) found = _files.TryGetValue(entry.Name, out (long Offset, long Length) file)
            ? file
            : throw entry.NotFound();
        _ = entry.Checked(found.Length);
        return found;
    }

    private byte[] Read(long offset, long length)
    {
        byte[] bytes = new byte[length];
        int read = 0;
        while (read < length && RandomAccess.Read(_handle, bytes.AsSpan(read), offset + read) is > 0 and int more)
        {
            read += more;
        }

        return read == length ? bytes : bytes[..read];
    }

    /// <summary>
    /// The reader takes any header without a checksum for the end: also the one between two archives that were joined, and the zeros of a
    /// download that is not finished.
    /// </summary>
    private void CheckEnd(FileStream stream, long end)
    {
        stream.Position = end;
        byte[] tail = new byte[Math.Clamp(stream.Length - end, 0, MostPadding)];
        stream.ReadExactly(tail);
        if (stream.Length - end > MostPadding || tail.AsSpan().ContainsAnyExcept((byte)0))
        {
            _ignored.Add(new IgnoredFile(
                string.Create(CultureInfo.InvariantCulture, $"bytes from {end}"),
                "data behind the end mark: archives that were joined, a damaged header or a download that is not finished",
                IsSuspect: true));
        }
    }

    private void Add(TarEntry entry, long end)
    {
        string name = ImageName.Normalize(entry.Name);
        bool isFolder = entry.EntryType is TarEntryType.Directory or TarEntryType.DirectoryList || entry.Name.EndsWith('/');
        if (isFolder || entry.EntryType is TarEntryType.GlobalExtendedAttributes)
        {
            return;
        }

        bool isSparse = entry.EntryType is TarEntryType.SparseFile
            || (entry is PaxTarEntry pax && pax.ExtendedAttributes.Keys.Any(k => k.StartsWith("GNU.sparse", StringComparison.Ordinal)));
        bool isFile = entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile;
        string? reason = isSparse ? "sparse file (pack it again without --sparse)"
            : entry.EntryType is TarEntryType.HardLink or TarEntryType.SymbolicLink ? "link inside a tar"
            : !isFile ? "pipe, device or other special entry"
            : name.Contains('\uFFFD', StringComparison.Ordinal) ? "name that is not UTF-8"
            : null;
        if (isFile && entry.DataOffset + entry.Length > end)
        {
            throw new InvalidDataException($"'{name}' should have {entry.Length} bytes, which end after the archive does.");
        }

        if (reason is null && !_files.TryAdd(name, (entry.DataOffset, entry.Length)))
        {
            reason = "second file of the same name";
        }

        if (reason is not null)
        {
            _ignored.Add(new IgnoredFile(name, reason, IsSuspect: ImageName.IsImage(name)));
        }
        else
        {
            _names.Add(name);
        }
    }
}
