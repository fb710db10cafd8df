namespace GMem.Images;

/// <summary>An open file that holds images: a zip, a tar, a Parquet file. Thread-safe.</summary>
internal abstract class ImageArchive
{
    protected ImageArchive() => Uses = new UseCount(GetType().Name, Free);

    /// <summary>Its users; the last of them closes the file.</summary>
    public UseCount Uses { get; }

    /// <summary>What is in it.</summary>
    /// <param name="path">The file, as its images shall name it.</param>
    public abstract FoundImages List(string path);

    /// <summary>How many bytes of memory <see cref="Read"/> will take.</summary>
    /// <exception cref="FileNotFoundException">There is no such image.</exception>
    public abstract long Length(ArchiveEntry entry);

    /// <summary>The bytes of an image file in it.</summary>
    /// <exception cref="FileNotFoundException">There is no such image.</exception>
    /// <exception cref="InvalidDataException">It is damaged, encrypted or too long; the message names it.</exception>
    public abstract ReadOnlyMemory<byte> Read(ArchiveEntry entry);

    protected virtual void Free()
    {
    }
}
