using GMem.FileFormats;

namespace GMem.Images;

/// <summary>Names files that people take for images and that are something else.</summary>
internal static class OtherFormat
{
    /// <summary>What the bytes are and what to do; null if that is not known.</summary>
    public static string? Of(ReadOnlySpan<byte> bytes)
    {
        const string Convert = "which cannot be decoded: convert it to JPEG or PNG";
        ReadOnlySpan<byte> brand = bytes.Length >= 12 && bytes[4..].StartsWith("ftyp"u8) ? bytes.Slice(8, 4) : [];
        return brand.SequenceEqual("avif"u8) || brand.SequenceEqual("avis"u8) ? $"AVIF, {Convert}"
            : brand.StartsWith("hei"u8) || brand.StartsWith("hev"u8) || brand.SequenceEqual("mif1"u8) ? $"HEIC, {Convert}"
            : bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8) ? $"TIFF, {Convert}"
            : InputFile.IsGitLfsPointer(bytes) ? "a Git LFS pointer, not the file itself; 'git lfs pull' fetches it"
            : bytes.StartsWith("<"u8) ? "text (HTML, XML or SVG), not an image; perhaps an error page of a download"
            : null;
    }
}
