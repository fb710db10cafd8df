namespace GMem.Images;

/// <summary>What the name of a file in a folder or archive says of it. Names are relative, with forward slashes.</summary>
internal static class ImageName
{
    public const string Hidden = "hidden";

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

    /// <summary>Extensions of images that can be decoded.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"];

    /// <summary>Whether the extension is that of an image that can be decoded.</summary>
    public static bool IsImage(string name) => Extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);

    /// <summary>Why a file is not read; null if it is.</summary>
    public static string? WhyIgnored(string name)
    {
        string extension = Path.GetExtension(name);
        return name.Split('/').Contains("..") ? "path with .."
            : IsHidden(name) ? Hidden
            : IsImage(name) ? null
            : Undecodable.TryGetValue(extension, out string? format) ? $"{format}, which cannot be decoded (convert it to JPEG or PNG)"
            : extension.Length > 1 ? extension.ToLowerInvariant()
            : "without an extension";
    }

    /// <summary>Whether a file that is ignored for a reason may well be a picture.</summary>
    public static bool IsSuspect(string name, string reason) => reason != Hidden && Undecodable.ContainsKey(Path.GetExtension(name));

    /// <summary>A name that begins with a dot, or a folder of such a name, and what macOS adds to archives.</summary>
    public static bool IsHidden(string name) => name.Split('/').Any(part => part is ['.', ..] or "__MACOSX");

    /// <summary>The name of the innermost folder; empty at the top level.</summary>
    public static string Folder(string name) => name.Split('/') is [.., var folder, _] ? folder : string.Empty;

    /// <summary>With forward slashes, and without the <c>./</c> that some programs begin names with.</summary>
    public static string Normalize(string name) =>
        string.Join('/', name.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."));
}
