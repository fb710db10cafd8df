using System.IO.Compression;

namespace GMem;

/// <summary>The entries of a model in a zip: at its root, or in the folder into which ML.NET put them.</summary>
internal sealed class ZipModelArchive : IModelArchive
{
    private readonly ZipArchive _zip;
    private readonly string _folder;

    private ZipModelArchive(ZipArchive zip, string folder) => (_zip, _folder) = (zip, folder);

    public static void Save(GMemModel model, Stream stream)
    {
        using ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        ModelSerializer.Save(model, new ZipModelArchive(zip, ""));
    }

    /// <exception cref="InvalidDataException">It is no model, or damaged; the message begins with <paramref name="name"/>.</exception>
    public static T Read<T>(Stream stream, string name, Func<IModelArchive, T> read)
    {
        try
        {
            using ZipArchive zip = new(stream, ZipArchiveMode.Read, leaveOpen: true);
            return read(new ZipModelArchive(zip, FolderOfTheModel(zip)));
        }
        catch (Exception e) when (e is not (GMemRuntimeException or OutOfMemoryException or ObjectDisposedException))
        {
            throw new InvalidDataException($"{name} cannot be loaded as a GMem model: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Write(string name, Action<Stream> write)
    {
        // Weights hardly compress.
        using Stream entry = _zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
        write(entry);
    }

    /// <inheritdoc/>
    public bool TryRead(string name, Action<Stream> read)
    {
        if (_zip.Entries.FirstOrDefault(e => Path(e) == _folder + name) is not { } found)
        {
            return false;
        }

        using Stream entry = found.Open();
        read(entry);
        return true;
    }

    private static string FolderOfTheModel(ZipArchive zip)
    {
        string[] descriptions = [.. zip.Entries.Select(Path).Where(p => p.Split('/')[^1] == ModelSerializer.DescriptionEntry)];
        return descriptions switch
        {
            [string only] => only[..^ModelSerializer.DescriptionEntry.Length],
            [] => throw new InvalidDataException($"the zip has no entry '{ModelSerializer.DescriptionEntry}'."),
            _ => throw new InvalidDataException($"the zip holds several models: {string.Join(", ", descriptions)}."),
        };
    }

    private static string Path(ZipArchiveEntry entry) => entry.FullName.Replace('\\', '/');
}
