namespace GMem.FileFormats;

/// <summary>Opens files of weights, banks and models for reading.</summary>
internal static class InputFile
{
    /// <param name="path">Path of the file.</param>
    /// <param name="kind">What is wanted, for the error where there is none. Default a file.</param>
    /// <returns>The open file at its start; it may be renamed and deleted meanwhile.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is empty, or the pointer that Git LFS keeps in place of a file.</exception>
    public static FileStream Open(string path, string kind = "file")
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                Directory.Exists(path) ? $"'{path}' is a folder, not a {kind}." : $"There is no {kind} '{path}'.", path);
        }

        // Opening a pipe would wait for who writes into it; its length is 0.
        if (RealPath.LengthOf(path) == 0)
        {
            throw new InvalidDataException($"'{path}' is empty, a pipe or a device; expected a {kind}.");
        }

        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            RefuseGitLfs(stream, $"'{path}'");
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <param name="stream">A stream that can seek; it is left where it was.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="InvalidDataException">It is the pointer that Git LFS keeps in place of a file.</exception>
    public static void RefuseGitLfs(Stream stream, string name)
    {
        ReadOnlySpan<byte> signature = "version https://git-lfs.github.com/spec/"u8;
        Span<byte> start = stackalloc byte[signature.Length];
        long position = stream.Position;
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = position;
        if (start[..read].SequenceEqual(signature))
        {
            throw new InvalidDataException(
                $"{name} is not the file itself but the pointer that Git LFS keeps in its place. Fetch the file with 'git lfs pull'.");
        }
    }
}
