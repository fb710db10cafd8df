namespace GMem.Images;

/// <summary>
/// The last few archives stay open, so that reading fifty thousand images of one parses its directory only once. One that has another
/// length or time than when it was opened is opened again.
/// </summary>
internal static class OpenArchives
{
    private const int MostOpen = 8;
    private static readonly Lock Gate = new();
    private static readonly List<Opened> All = [];

    /// <summary>Splits a path such as <c>photos.zip/cat/1.jpg</c> if <c>photos.zip</c> is a file.</summary>
    public static ArchiveEntry? Split(string path)
    {
        for (int end = path.Length; end > 0 && (end = path.LastIndexOfAny(['/', '\\'], end - 1)) > 0;)
        {
            string parent = path[..end];
            if (File.Exists(parent))
            {
                return ImageName.Normalize(path[(end + 1)..]) is { Length: > 0 } name ? new ArchiveEntry(parent, name) : null;
            }

            if (Directory.Exists(parent))
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>Calls a function with an open archive, which stays open until it returns.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no archive, or damaged.</exception>
    public static T Use<T>(string path, Func<ImageArchive, T> use)
    {
        ImageArchive archive = Hold(path);
        try
        {
            return use(archive);
        }
        finally
        {
            archive.Uses.Remove();
        }
    }

    private static ImageArchive Hold(string path)
    {
        FileInfo file = new(Path.GetFullPath(path));
        lock (Gate)
        {
            int index = All.FindIndex(o => o.Path == file.FullName);
            Opened? found = index < 0 ? null : All[index];
            if (found is not null)
            {
                All.RemoveAt(index);
                if (!file.Exists || found.Length != file.Length || found.Written != file.LastWriteTimeUtc)
                {
                    found.Archive.Uses.RemoveOwner();
                    found = null;
                }
            }

            found ??= new Opened(file.FullName, file.Exists ? file.Length : 0, file.LastWriteTimeUtc, Open(path));
            All.Add(found);
            if (All.Count > MostOpen)
            {
                All[0].Archive.Uses.RemoveOwner();
                All.RemoveAt(0);
            }

            found.Archive.Uses.Add();
            return found.Archive;
        }
    }

    private static ImageArchive Open(string path) => CollectionFormat.Of(path) switch
    {
        CollectionKind.Zip => new ZipImages(path),
        CollectionKind.Tar => new TarImages(path),
        CollectionKind.Parquet => new ParquetImages(path),
        _ => throw new InvalidDataException($"'{path}' is a text file: it lists images and holds none."),
    };

    private sealed record Opened(string Path, long Length, DateTime Written, ImageArchive Archive);
}
