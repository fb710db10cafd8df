using System.IO.Compression;
using GMem.FileFormats;

namespace GMem;

/// <summary>
/// A model in a zip, at its root or in a folder. Each entry that is read is compared with the length and the CRC-32 that the zip has of it,
/// which .NET does not do.
/// </summary>
public sealed class ZipModelArchive : IModelArchive
{
    private readonly ZipArchive _zip;
    private readonly string _folder;
    private readonly Lazy<Dictionary<string, ZipArchiveEntry>> _entries;

    /// <summary>A model in a zip.</summary>
    /// <param name="zip">The zip, which stays the caller's.</param>
    /// <param name="folder">The folder in it, with forward slashes; empty for the root.</param>
    public ZipModelArchive(ZipArchive zip, string folder)
    {
        ArgumentNullException.ThrowIfNull(zip);
        ArgumentNullException.ThrowIfNull(folder);
        _zip = zip;
        _entries = new(() => CheckedZip.ByName(zip));
        _folder = folder is "" || folder.EndsWith('/') ? folder : folder + "/";
    }

    internal static void Save(GMemModel model, Stream stream)
    {
        using ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        ModelSerializer.Save(model, new ZipModelArchive(zip, ""));
    }

    /// <exception cref="InvalidDataException">It is no model, or damaged; the message begins with <paramref name="name"/>.</exception>
    internal static T Read<T>(Stream stream, string name, Func<IModelArchive, T> read)
    {
        try
        {
            using ZipArchive zip = Open(stream);
            return read(new ZipModelArchive(zip, FolderOfTheModel(zip)));
        }
        catch (Exception e) when (e is not (GMemRuntimeException or OutOfMemoryException or ObjectDisposedException))
        {
            string what = e is InvalidDataException or IOException ? e.Message : $"it is damaged ({e.Message})";
            throw new InvalidDataException($"{name} cannot be loaded as a GMem model: {what}", e);
        }
    }

    private static ZipArchive Open(Stream stream)
    {
        if (stream.CanSeek)
        {
            InputFile.RefuseGitLfs(stream, "it");
        }

        bool isEmpty = stream.CanSeek && stream.Length == stream.Position;
        try
        {
            return new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException)
        {
            throw new InvalidDataException(isEmpty ? "the file is empty." : "it is not a zip archive, or it was cut short.", e);
        }
    }

    /// <inheritdoc/>
    public void Write(string name, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);

        // Weights hardly compress.
        using Stream entry = _zip.CreateEntry(_folder + name, CompressionLevel.NoCompression).Open();
        write(entry);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The entry is damaged, encrypted, or there are two of a name.</exception>
    public bool TryRead(string name, Action<Stream> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        if (!_entries.Value.TryGetValue(_folder + name, out ZipArchiveEntry? found))
        {
            return false;
        }

        CheckedZip.Read(found, read);
        return true;
    }

    private static string FolderOfTheModel(ZipArchive zip)
    {
        string[] descriptions =
            [.. zip.Entries.Select(CheckedZip.PathOf).Where(p => p.Split('/')[^1] == ModelSerializer.DescriptionEntry)];
        return descriptions switch
        {
            [string only] => only[..^ModelSerializer.DescriptionEntry.Length],
            [] => throw new InvalidDataException($"the zip has no entry '{ModelSerializer.DescriptionEntry}'."),
            _ => throw new InvalidDataException($"the zip holds several models: {string.Join(", ", descriptions)}."),
        };
    }
}
