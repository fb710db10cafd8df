namespace GMem.Images;

/// <summary>An image in an archive.</summary>
/// <param name="Archive">Path of the archive.</param>
/// <param name="Name">Name in it, with forward slashes.</param>
internal sealed record ArchiveEntry(string Archive, string Name)
{
    /// <summary>As users know it.</summary>
    public override string ToString() => $"{Archive}/{Name}";

    /// <summary>The error where there is no such image.</summary>
    public FileNotFoundException NotFound() => new($"There is no file '{Name}' in '{Archive}'.", ToString());

    /// <exception cref="InvalidDataException">It is longer than images are.</exception>
    public long Checked(long length) => length <= ImageReader.MaxFileBytes ? length : throw new InvalidDataException(
        $"'{this}' has {length} bytes; at most {ImageReader.MaxFileBytes} are read. Is it an image?");
}
