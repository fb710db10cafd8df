namespace GMem.Images;

/// <summary>The images of a folder, or of a zip archive, with the names of their folders as labels.</summary>
public static class ImageFolder
{
    internal const string Hidden = "hidden";

    /// <summary>What a folder has that is the workspace of a training run.</summary>
    internal const string WorkspaceLock = "run.lock";
    internal const string WorkspaceCheckpoints = "checkpoints";

    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"];

    private static readonly Dictionary<string, string> Undecodable = new(StringComparer.OrdinalIgnoreCase)
    {
        [".heic"] = "HEIC",
        [".heif"] = "HEIF",
        [".avif"] = "AVIF",
        [".tif"] = "TIFF",
        [".tiff"] = "TIFF",
        [".jxl"] = "JPEG XL",
        [".jp2"] = "JPEG 2000",
        [".dng"] = "DNG",
        [".cr2"] = "CR2",
        [".cr3"] = "CR3",
        [".nef"] = "NEF",
        [".arw"] = "ARW",
        [".psd"] = "PSD",
        [".svg"] = "SVG",
    };

    /// <summary>
    /// Lists all images in a folder and its subfolders, or in a zip archive, in ordinal order of their paths, and everything else with the
    /// reason why it is not listed. Images are recognised by extension (.jpg, .jpeg, .png, .webp, .bmp, .gif); they are not opened.
    /// </summary>
    /// <remarks>
    /// What has a name that begins with a dot, or lies in a folder of such a name, is hidden, in folders and archives alike, as is what
    /// macOS puts into <c>__MACOSX</c>. Links to folders are followed, each folder once. The workspace of a training run is passed over.
    /// Names in an archive that are not marked as UTF-8 and are not UTF-8 are read as code page 437, as the zip format has it.
    /// </remarks>
    /// <param name="folderOrZip">Path of a folder or of a <c>.zip</c> file.</param>
    /// <returns>At least one file; the label is the name of the innermost folder.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder or archive.</exception>
    /// <exception cref="InvalidDataException">The path is another kind of file, or contains no images.</exception>
    public static ImageListing Enumerate(string folderOrZip)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folderOrZip);
        string root = folderOrZip.TrimEnd('/', '\\') is { Length: > 0 } trimmed ? trimmed : folderOrZip;
        FoundFiles found = Directory.Exists(root) ? FolderWalk.Run(root) : NamesInArchive(root);
        List<IgnoredFile> ignored = [.. found.Ignored.Select(f => f with { Path = At(root, f.Path) })];
        List<ImageFile> files = [];
        foreach (string name in found.Names.Order(StringComparer.Ordinal))
        {
            if (Ignore(root, name) is { } reason)
            {
                ignored.Add(reason);
            }
            else
            {
                files.Add(File(root, name));
            }
        }

        IgnoredFile[] all = [.. ignored.OrderBy(f => f.Path, StringComparer.Ordinal)];
        return files.Count > 0 ? new ImageListing(folderOrZip, [.. files], all, found.Warning) : throw new InvalidDataException(
            $"There is no image in '{folderOrZip}' or in the folders below it (looked for {string.Join(", ", Extensions)}; "
                + $"{ImageListing.Phrase(all)}).");
    }

    /// <summary>Whether a folder is the workspace of a training run: what lies in it is no training data.</summary>
    internal static bool IsWorkspace(string folder) =>
        System.IO.File.Exists(Path.Combine(folder, WorkspaceLock)) && Directory.Exists(Path.Combine(folder, WorkspaceCheckpoints));

    private static ImageFile File(string root, string name)
    {
        string[] parts = name.Split('/');
        return new ImageFile { ImagePath = At(root, name), Label = parts.Length > 1 ? NormalForm.Of(parts[^2]) : string.Empty };
    }

    private static string At(string root, string name) => root.EndsWith('/') ? root + name : $"{root}/{name}";

    private static FoundFiles NamesInArchive(string path)
    {
        if (!System.IO.File.Exists(path))
        {
            throw new DirectoryNotFoundException($"There is no folder or .zip file '{path}'.");
        }

        return path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase)
            ? ZipImages.Names(path)
            : throw new InvalidDataException($"'{path}' is neither a folder nor a .zip file. Name the folder that holds the images.");
    }

    private static IgnoredFile? Ignore(string root, string name)
    {
        string extension = Path.GetExtension(name);
        string? reason = name.Split('/').Contains("..") ? "path with .."
            : name.Split('/').Any(part => part is ['.', ..] or "__MACOSX") ? Hidden
            : Extensions.Contains(extension, StringComparer.OrdinalIgnoreCase) ? null
            : Undecodable.TryGetValue(extension, out string? format) ? $"{format}, which cannot be decoded (convert it to JPEG or PNG)"
            : extension.Length > 1 ? extension.ToLowerInvariant()
            : "without an extension";
        return reason is null
            ? null
            : new IgnoredFile(At(root, name), reason, IsSuspect: reason != Hidden && Undecodable.ContainsKey(extension));
    }
}
