using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using GMem.FileFormats;

namespace GMem.Images;

/// <summary>An open zip. Bytes are read under a lock; decoding happens outside it, in parallel.</summary>
internal sealed class ZipImages : ImageArchive
{
    private readonly Lock _gate = new();
    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<IgnoredFile> _ignored = [];
    private readonly bool _hasGuessedNames;

    [SuppressMessage("Reliability", "CA2000", Justification = "the archive owns the stream")]
    public ZipImages(string path)
    {
        FileStream stream = new(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 4096, FileOptions.RandomAccess);
        try
        {
            ZipNameEncoding encoding = new();
            _zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: false, encoding);
            foreach (ZipArchiveEntry entry in _zip.Entries)
            {
                Add(entry);
            }

            _hasGuessedNames = encoding.UsedCodePage;
        }
        catch (InvalidDataException e)
        {
            stream.Dispose();
            throw new InvalidDataException($"'{path}' is not a zip archive, or it was cut short: {e.Message}", e);
        }
    }

    public override FoundImages List(string path)
    {
        ILookup<bool, KeyValuePair<string, ZipArchiveEntry>> entries = _entries.ToLookup(e => e.Value.IsEncrypted);
        IEnumerable<IgnoredFile> encrypted = entries[true].Select(
            e => new IgnoredFile(e.Key, "encrypted (archives are read without a password)", IsSuspect: true));
        return FoundImages.Of(
            path, entries[false].Select(e => e.Key).Order(StringComparer.Ordinal), [.. _ignored, .. encrypted],
            warning: _hasGuessedNames
                ? $"'{path}' has names that are not UTF-8. They were read as code page 437, so labels may look wrong; pack it again "
                    + "with UTF-8 names for the right ones."
                : null);
    }

    public override long Length(ArchiveEntry entry) => Find(entry).Length;

    public override ReadOnlyMemory<byte> Read(ArchiveEntry entry)
    {
        ZipArchiveEntry found = Find(entry);
        lock (_gate)
        {
            try
            {
                return CheckedZip.ReadAll(found);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"'{entry}' cannot be read from its archive: {e.Message}", e);
            }
        }
    }

    protected override void Free() => _zip.Dispose();

    private ZipArchiveEntry Find(ArchiveEntry entry)
    {
        ZipArchiveEntry found = _entries.GetValueOrDefault(entry.Name) ?? throw entry.NotFound();
        _ = entry.Checked(found.Length);
        return found;
    }

    private void Add(ZipArchiveEntry entry)
    {
        string name = ImageName.Normalize(entry.FullName);
        if (entry.FullName is [.., '/' or '\\'])
        {
            _ignored.AddRange(entry.Length > 0 ? [new IgnoredFile(name, "folder with data", IsSuspect: true)] : []);
        }
        else if (name.Contains('\uFFFD', StringComparison.Ordinal))
        {
            _ignored.Add(new IgnoredFile(name, "name that is not UTF-8 although it is marked so", IsSuspect: true));
        }
        else if (!_entries.TryAdd(name, entry))
        {
            _ignored.Add(new IgnoredFile(name, "second file of the same name", IsSuspect: true));
        }
    }
}
