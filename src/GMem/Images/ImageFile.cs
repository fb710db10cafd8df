namespace GMem.Images;

/// <summary>One image of a folder or archive, as a row for <c>mlContext.Data.LoadFromEnumerable</c>.</summary>
public sealed class ImageFile
{
    /// <summary>
    /// Path of the file; inside an archive <c>archive.zip/cat/0001.jpg</c>, which <see cref="ImageReader.ReadFile"/> opens.
    /// </summary>
    public string ImagePath { get; set; } = string.Empty;

    /// <summary>Name of the folder the file lies in; empty for a file at the top.</summary>
    public string Label { get; set; } = string.Empty;
}
