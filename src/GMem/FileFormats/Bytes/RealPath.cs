namespace GMem.FileFormats;

/// <summary>Paths with all links resolved, so that two names of one place are equal.</summary>
public static class RealPath
{
    private const int MostLinks = 64;

    /// <summary>The path with every link on it resolved. Parts that do not exist stay as they are.</summary>
    /// <param name="path">A path; a relative one is taken from the current folder.</param>
    /// <returns>An absolute path without a separator at its end, except that of a root.</returns>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="IOException">Its links lead in a circle.</exception>
    public static string Of(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Resolve(Path.GetFullPath(path), MostLinks);
    }

    /// <summary>Whether a path is a folder or lies somewhere below it, links resolved.</summary>
    /// <param name="path">The path, which need not exist.</param>
    /// <param name="folder">The folder.</param>
    /// <exception cref="ArgumentException">One of them is empty.</exception>
    public static bool IsWithin(string path, string folder)
    {
        string relative = Path.GetRelativePath(Of(folder), Of(path));
        return relative != ".." && !relative.StartsWith($"..{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            && !Path.IsPathRooted(relative);
    }

    /// <summary>
    /// The length of a file, that of its target where it is a link. 0 for pipes and devices, which must not be opened: that may wait for
    /// ever.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <returns>Bytes.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">Its links lead in a circle.</exception>
    public static long LengthOf(string path)
    {
        FileInfo file = new(path);
        if (file.LinkTarget is not { } target)
        {
            return file.Length;
        }

        FileInfo linked = new(Of(path));
        return linked.Exists
            ? linked.Length
            : throw new FileNotFoundException($"'{path}' is a link to '{target}', which is not a file.", path);
    }

    private static string Resolve(string full, int links)
    {
        string resolved = Path.GetPathRoot(full)!;
        foreach (string part in full[resolved.Length..].Split(
            [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries))
        {
            resolved = Path.Combine(resolved, part);
            if (new FileInfo(resolved).LinkTarget is { } target)
            {
                resolved = links > 0
                    ? Resolve(Path.GetFullPath(target, Path.GetDirectoryName(resolved)!), links - 1)
                    : throw new IOException($"'{full}' cannot be followed: its links lead in a circle.");
            }
        }

        return resolved;
    }
}
