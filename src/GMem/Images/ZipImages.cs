using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using GMem.FileFormats;

namespace GMem.Images;

/// <summary>
/// Reads images inside zip archives. The last few archives stay open, so reading fifty thousand entries parses the directory only once.
/// Bytes are read under one lock; decoding happens outside it, in parallel.
/// </summary>
internal static class ZipImages
{
    private const string Extension = ".zip";
    private const int MaxOpen = 4;
    private static readonly Lock Gate = new();
    private static readonly List<OpenArchive> Opened = [];

    /// <summary>Splits a path such as <c>photos.zip/cat/1.jpg</c> if <c>photos.zip</c> is a file.</summary>
    public static bool TrySplit(string path, out string archive, out string entry)
    {
        for (int at = 0; (at = path.IndexOf(Extension, at, StringComparison.OrdinalIgnoreCase)) >= 0; at += Extension.Length)
        {
            int end = at + Extension.Length;
            if (end + 1 < path.Length && path[end] is '/' or '\\' && File.Exists(path[..end]))
            {
                archive = path[..end];
                entry = Normalize(path[(end + 1)..]);
                return true;
            }
        }

        (archive, entry) = (string.Empty, string.Empty);
        return false;
    }

    /// <summary>Names of the files in an archive, with forward slashes, and of those that cannot be read.</summary>
    public static FoundFiles Names(string archive)
    {
        lock (Gate)
        {
            OpenArchive open = Get(archive);
            ILookup<bool, KeyValuePair<string, ZipArchiveEntry>> entries = open.Entries.ToLookup(e => e.Value.IsEncrypted);
            return new FoundFiles(
                [.. entries[false].Select(e => e.Key)],
                [.. open.Repeated, .. entries[true].Select(
                    e => new IgnoredFile(e.Key, "encrypted (archives are read without a password)", IsSuspect: true))],
                open.HasGuessedNames
                    ? $"'{archive}' has names that are not UTF-8. They were read as code page 437, so labels may look wrong; pack it again "
                        + "with UTF-8 names for the right ones."
                    : null);
        }
    }

    /// <summary>How many bytes a file in an archive should have.</summary>
    public static long Length(string archive, string entry)
    {
        lock (Gate)
        {
            return Find(archive, entry).Length;
        }
    }

    /// <summary>The uncompressed bytes of one file in an archive.</summary>
    public static byte[] Read(string archive, string entry)
    {
        lock (Gate)
        {
            ZipArchiveEntry found = Find(archive, entry);
            try
            {
                return CheckedZip.ReadAll(found);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"'{archive}/{entry}' cannot be read from its archive: {e.Message}", e);
            }
        }
    }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is too long to be an image.</exception>
    private static ZipArchiveEntry Find(string archive, string entryName)
    {
        string name = $"{archive}/{entryName}";
        if (!Get(archive).Entries.TryGetValue(entryName, out ZipArchiveEntry? entry))
        {
            throw new FileNotFoundException($"There is no file '{entryName}' in '{archive}'.", name);
        }

        if (entry.Length > ImageReader.MaxFileBytes)
        {
            throw new InvalidDataException(
                $"'{name}' has {entry.Length} bytes; at most {ImageReader.MaxFileBytes} are read. Is it an image?");
        }

        return entry;
    }

    private static OpenArchive Get(string path)
    {
        FileInfo file = new(Path.GetFullPath(path));
        if (!file.Exists)
        {
            throw new FileNotFoundException($"There is no archive '{path}'.", path);
        }

        int index = Opened.FindIndex(o => o.Path == file.FullName);
        OpenArchive? found = index < 0 ? null : Opened[index];
        if (found is not null)
        {
            Opened.RemoveAt(index);
            if (found.Length != file.Length || found.Written != file.LastWriteTimeUtc)
            {
                found.Archive.Dispose();
                found = null;
            }
        }

        found ??= Open(file, path);
        Opened.Add(found);
        if (Opened.Count > MaxOpen)
        {
            Opened[0].Archive.Dispose();
            Opened.RemoveAt(0);
        }

        return found;
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "the archive owns the stream, the list of open archives the archive")]
    private static OpenArchive Open(FileInfo file, string path)
    {
        _ = ImageReader.RequireBytes(path);
        FileStream stream = new(
            file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 4096, FileOptions.RandomAccess);
        try
        {
            ZipNameEncoding encoding = new();
            ZipArchive archive = new(stream, ZipArchiveMode.Read, leaveOpen: false, encoding);
            Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);
            List<IgnoredFile> repeated = [];
            foreach (ZipArchiveEntry entry in archive.Entries)
            {
                string name = Normalize(entry.FullName);
                if (entry.FullName is [.., '/' or '\\'])
                {
                    repeated.AddRange(entry.Length > 0 ? [new IgnoredFile(name, "folder with data", IsSuspect: true)] : []);
                }
                else if (name.Contains('\uFFFD', StringComparison.Ordinal))
                {
                    repeated.Add(new IgnoredFile(name, "name that is not UTF-8 although it is marked so", IsSuspect: true));
                }
                else if (!entries.TryAdd(name, entry))
                {
                    repeated.Add(new IgnoredFile(name, "second file of the same name", IsSuspect: true));
                }
            }

            return new OpenArchive(file.FullName, file.Length, file.LastWriteTimeUtc, archive, entries, repeated, encoding.UsedCodePage);
        }
        catch (InvalidDataException e)
        {
            stream.Dispose();
            throw new InvalidDataException($"'{path}' is not a zip archive, or it was cut short: {e.Message}", e);
        }
    }

    /// <summary>With forward slashes, and without the <c>./</c> that some programs begin names with.</summary>
    private static string Normalize(string name) =>
        string.Join('/', name.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."));

    private sealed record OpenArchive(
        string Path,
        long Length,
        DateTime Written,
        ZipArchive Archive,
        Dictionary<string, ZipArchiveEntry> Entries,
        IReadOnlyList<IgnoredFile> Repeated,
        bool HasGuessedNames);
}
