using System.IO.Enumeration;

namespace GMem.Images;

/// <summary>The images of a folder, or of a zip archive, with the names of their folders as labels.</summary>
public static class ImageFolder
{
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"];

    /// <summary>
    /// Lists all images in a folder and its subfolders, or in a zip archive, in ordinal order of their paths. Images are recognised by
    /// extension (.jpg, .jpeg, .png, .webp, .bmp, .gif); they are not opened. Files whose names begin with a dot are skipped, and linked
    /// folders are not followed.
    /// </summary>
    /// <param name="folderOrZip">Path of a folder or of a <c>.zip</c> file.</param>
    /// <returns>At least one file; the label is the name of the innermost folder.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder or archive.</exception>
    /// <exception cref="InvalidDataException">The path is another kind of file, or contains no images.</exception>
    public static IReadOnlyList<ImageFile> Enumerate(string folderOrZip)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folderOrZip);
        string root = folderOrZip.TrimEnd('/', '\\') is { Length: > 0 } trimmed ? trimmed : folderOrZip;
        IEnumerable<string> names = Directory.Exists(root) ? NamesInFolder(root) : NamesInArchive(root);
        ImageFile[] files = [.. names.Where(IsImage).Order(StringComparer.Ordinal).Select(n => File(root, n))];
        return files.Length > 0 ? files : throw new InvalidDataException(
            $"There is no image in '{folderOrZip}' or in the folders below it (looked for {string.Join(", ", Extensions)}).");
    }

    private static ImageFile File(string root, string name)
    {
        string[] parts = name.Split('/');
        return new ImageFile
        {
            ImagePath = root.EndsWith('/') ? root + name : $"{root}/{name}",
            Label = parts.Length > 1 ? parts[^2] : string.Empty,
        };
    }

    private static IEnumerable<string> NamesInFolder(string folder)
    {
        EnumerationOptions options = new()
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
            IgnoreInaccessible = false
        };
        FileSystemEnumerable<string> found = new(folder, (ref FileSystemEntry entry) => entry.ToFullPath(), options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,

            // A linked folder may form a cycle.
            ShouldRecursePredicate = (ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };
        return found.Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'));
    }

    private static IReadOnlyList<string> NamesInArchive(string path)
    {
        if (!System.IO.File.Exists(path))
        {
            throw new DirectoryNotFoundException($"There is no folder or .zip file '{path}'.");
        }

        return path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase)
            ? ZipImages.Names(path)
            : throw new InvalidDataException($"'{path}' is neither a folder nor a .zip file. Name the folder that holds the images.");
    }

    private static bool IsImage(string name) =>
        Extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase) && !Path.GetFileName(name).StartsWith('.');
}
