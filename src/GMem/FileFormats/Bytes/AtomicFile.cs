namespace GMem.FileFormats;

/// <summary>Writes a file so that its name never stands for half of it.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes to a temporary file beside the target, flushes it to disk and renames it; on any error the target is untouched.
    /// </summary>
    /// <param name="path">The target; an older file of that name is replaced.</param>
    /// <param name="write">Writes the content into the stream it is given, and leaves it open.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string full = Path.GetFullPath(path);
        string temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
