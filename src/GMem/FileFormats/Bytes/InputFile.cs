namespace GMem.FileFormats;

/// <summary>Opens files of weights, banks and models for reading.</summary>
internal static class InputFile
{
    private static ReadOnlySpan<byte> GitLfsSignature => "version https://git-lfs.github.com/spec/"u8;

    /// <summary>Whether bytes are the pointer that Git LFS keeps in place of a file.</summary>
    /// <param name="start">The beginning of the file.</param>
    public static bool IsGitLfsPointer(ReadOnlySpan<byte> start) => start.StartsWith(GitLfsSignature);

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
        Span<byte> start = stackalloc byte[GitLfsSignature.Length];
        long position = stream.Position;
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = position;
        if (IsGitLfsPointer(start[..read]))
        {
            throw new InvalidDataException(
                $"{name} is not the file itself but the pointer that Git LFS keeps in its place. Fetch the file with 'git lfs pull'.");
        }
    }
}
