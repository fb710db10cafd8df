namespace GMem.Images;

/// <summary>One image in a folder, archive or list, as a row for <c>mlContext.Data.LoadFromEnumerable</c>.</summary>
public sealed class ImageFile
{
    /// <summary>
    /// Path of the file. A file inside an archive has a path such as <c>archive.zip/cat/0001.jpg</c>, a row of a Parquet file one such as
    /// <c>data.parquet/17</c>, which <see cref="ImageReader.ReadFile(string)"/> accepts.
    /// </summary>
    public string ImagePath { get; set; } = string.Empty;

    /// <summary>
    /// The label that the tar, Parquet file or list has for it, else the name of the folder that contains it; empty for none.
    /// </summary>
    public string Label { get; set; } = string.Empty;
}
