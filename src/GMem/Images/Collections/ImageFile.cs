namespace GMem.Images;

/// <summary>One image in a folder or archive, as a row for <c>mlContext.Data.LoadFromEnumerable</c>.</summary>
public sealed class ImageFile
{
    /// <summary>
    /// Path of the file. A file inside an archive has a path such as <c>archive.zip/cat/0001.jpg</c>, which
    /// <see cref="ImageReader.ReadFile"/> accepts.
    /// </summary>
    public string ImagePath { get; set; } = string.Empty;

    /// <summary>Name of the folder that contains the file; empty for a file at the top level.</summary>
    public string Label { get; set; } = string.Empty;
}
