namespace GMem.Images;

/// <summary>
/// Lists the images that people have: in a folder, a zip, a tar (a shard of WebDataset), a Parquet file or a list, with their labels.
/// </summary>
public static class ImageCollection
{
    /// <summary>Endings of archives. In a folder that holds no images themselves, files of these are read.</summary>
    private static readonly string[] Archives = [".zip", ".tar", ".parquet"];

    /// <summary>
    /// Lists all images, with their labels, and everything else with the reason why it is not listed. Files are recognised by their
    /// content, whatever their ending; images in them by theirs (.jpg, .jpeg, .png, .webp, .bmp, .gif), and they are not opened.
    /// </summary>
    /// <remarks>
    /// <para>
    /// A folder, with all folders below it, and a zip are listed in ordinal order of the paths, a tar in its own. The label is the name of
    /// the innermost folder. In a tar, a label beside the image counts first, as WebDataset has it: the first line of <c>KEY.cls</c> or
    /// <c>KEY.txt</c>, or the field <c>label</c> (<c>class</c>, <c>cls</c>, <c>category</c>) of <c>KEY.json</c>, where the key is the
    /// image's name up to its first dot.
    /// </para>
    /// <para>
    /// A folder that holds no images but archives stands for the images in all of these, in ordinal order. So does a pattern:
    /// <c>shard-{000000..000003}.tar</c>, <c>{train,test}.zip</c>, <c>photos/*.jpg</c>.
    /// </para>
    /// <para>
    /// What has a name that begins with a dot, or lies in a folder of such a name, is hidden, in folders and archives alike, as is what
    /// macOS puts into <c>__MACOSX</c>. Links to folders are followed, each folder once; links inside a tar are not. The workspace of a
    /// training run is passed over. Names in a zip that are not marked as UTF-8 and are not UTF-8 are read as code page 437, as the format
    /// has it; elsewhere they are named and not read.
    /// </para>
    /// </remarks>
    /// <param name="path">A folder, a file, or a pattern of several.</param>
    /// <returns>At least one image.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder or file.</exception>
    /// <exception cref="InvalidDataException">
    /// The path is a file of another kind, one that is damaged, compressed or encrypted, or has no images; the message says which.
    /// </exception>
    public static ImageListing Enumerate(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        FoundImages found = ShardPattern.Is(path)
            ? FoundImages.Concat([.. ShardPattern.Expand(path).Select(OfOneOfMany)])
            : Of(path);
        IgnoredFile[] ignored = [.. found.Ignored.OrderBy(f => f.Path, StringComparer.Ordinal)];
        return found.Files.Count > 0 ? new ImageListing(path, [.. found.Files], ignored, found.Warnings) : throw new InvalidDataException(
            $"There is no image in '{path}'{(Directory.Exists(path) ? " or in the folders below it" : "")} (looked for "
                + $"{string.Join(", ", ImageName.Extensions)}; {ImageListing.Phrase(ignored)}).");
    }

    /// <summary>
    /// Whether <see cref="Enumerate"/> takes a path: a folder, a file that holds or lists images by its content, or a pattern. True also
    /// for those that hold none, as the zip of a model does; false for a single image.
    /// </summary>
    /// <param name="path">The path, which need not exist.</param>
    public static bool IsCollection(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Directory.Exists(path) || ShardPattern.Is(path) || CollectionFormat.Is(path);
    }

    /// <summary>A pattern may stand for images, too.</summary>
    private static FoundImages OfOneOfMany(string path) => ImageName.IsImage(path) && File.Exists(path)
        ? new FoundImages([new ImageFile { ImagePath = path, Label = NormalForm.Of(ImageName.Folder(path.Replace('\\', '/'))) }], [])
        : Of(path);

    private static FoundImages Of(string path)
    {
        string root = path.TrimEnd('/', '\\') is { Length: > 0 } trimmed ? trimmed : path;
        return Directory.Exists(root) ? OfFolder(root) : OfFile(root);
    }

    private static FoundImages OfFile(string path) => CollectionFormat.Of(path) == CollectionKind.List
        ? ListFile.Read(path)
        : OpenArchives.Use(path, archive => archive.List(path));

    private static FoundImages OfFolder(string folder)
    {
        (IReadOnlyList<string> names, IReadOnlyList<IgnoredFile> ignored) = FolderWalk.Run(folder);
        ILookup<bool, string> isArchive = names.ToLookup(
            n => !ImageName.IsHidden(n) && Archives.Contains(Path.GetExtension(n), StringComparer.OrdinalIgnoreCase));
        FoundImages found = FoundImages.Of(folder, isArchive[false], ignored);
        return found.Files.Count == 0 && isArchive[true].Any()
            ? FoundImages.Concat([found, .. isArchive[true].Select(n => OfFile(FoundImages.At(folder, n)))])
            : FoundImages.Concat([found, new FoundImages([], [.. isArchive[true].Select(n => new IgnoredFile(
                FoundImages.At(folder, n), $"{Path.GetExtension(n)} beside images (name it to read what is in it)", IsSuspect: true))])]);
    }
}
