using GMem.FileFormats;

namespace GMem.Tool.Output;

/// <summary>What is to be written, checked before the work: that it can be, and that it replaces nothing that is read.</summary>
internal static class OutputFile
{
    private const string Option = "--output";

    /// <summary>Endings of files that are no folders, so that a folder is not made where another format was meant.</summary>
    private static readonly string[] FileEndings =
    [
        ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".avif", ".svg", ".pdf", ".zip", ".tar", ".safetensors", ".pth",
        ".pt", ".ckpt", ".npz", ".csv", ".json", ".txt",
    ];

    // A rename would replace the device itself.
    private static readonly string[] SystemFolders = ["/dev", "/proc", "/sys"];

    /// <summary>Checks a file to be written, and makes its folder.</summary>
    /// <param name="path">As it was given.</param>
    /// <param name="ending">How it must end.</param>
    /// <param name="inputs">What is read, files and folders; null for what is not given.</param>
    /// <returns>The full path.</returns>
    /// <exception cref="ArgumentException">It is a folder, ends otherwise, or is or lies in one of the inputs.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static string Prepare(string path, string ending, params IEnumerable<string?> inputs)
    {
        string full = Check(path, ending, inputs);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        Probe(full, path);
        return full;
    }

    /// <summary>The same without making anything.</summary>
    public static string Check(string path, string ending, params IEnumerable<string?> inputs)
    {
        if (string.IsNullOrWhiteSpace(path))
        {
            throw new ArgumentException($"{Option} is empty; name a file that ends in {ending}.");
        }

        string full = Path.GetFullPath(path);
        if (Directory.Exists(full) || Path.EndsInDirectorySeparator(path))
        {
            throw new ArgumentException(
                $"{Option} is '{path}', a folder; name a file, for instance {Path.Combine(path, $"model{ending}")}.");
        }

        if (File.Exists(Path.GetDirectoryName(full)))
        {
            throw new ArgumentException($"{Option} is '{path}', but '{Path.GetDirectoryName(path)}' is a file, not a folder.");
        }

        if (!Path.GetExtension(full).Equals(ending, StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"{Option} is '{path}', but must end in {ending}: it is written in that format.");
        }

        CheckPlace(full, path, inputs);
        return full;
    }

    /// <summary>Checks a place for generated images: a .png, or a folder for one each.</summary>
    /// <param name="path">As it was given.</param>
    /// <param name="inputs">What is read.</param>
    /// <returns>Whether it is one file.</returns>
    public static bool PrepareImages(string path, params IEnumerable<string?> inputs)
    {
        string ending = Path.GetExtension(path);
        if (ending.Equals(".png", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path))
        {
            _ = Prepare(path, ".png", inputs);
            return true;
        }

        if (File.Exists(path))
        {
            throw new ArgumentException($"{Option} is '{path}', a file; name a folder, or a file that ends in .png.");
        }

        if (FileEndings.Contains(ending, StringComparer.OrdinalIgnoreCase) && !Directory.Exists(path))
        {
            throw new ArgumentException(
                $"{Option} is '{path}', but images are written as .png: name a file that ends so, or a folder for one each.");
        }

        string full = Path.GetFullPath(path);
        CheckPlace(full, path, inputs);
        _ = Directory.CreateDirectory(full);
        Probe(Path.Combine(full, "0.png"), path);
        return false;
    }

    /// <summary>Makes a folder, and tries to write into it.</summary>
    /// <param name="option">What it is called.</param>
    /// <param name="path">As it was given; null for none.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void PrepareFolder(string option, string? path)
    {
        if (path is not null)
        {
            _ = Directory.CreateDirectory(path);
            Probe(Path.Combine(Path.GetFullPath(path), "probe"), path, option);
        }
    }

    /// <exception cref="IOException">There is less room than that.</exception>
    public static void RequireRoom(string folder, long bytes, string what, string cure)
    {
        if (Free(folder) is { } free && free < bytes)
        {
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture,
                $"{what} takes about {bytes / 1e6:0.0} MB in '{folder}', where {free / 1e6:0.0} MB are free. {cure}"));
        }
    }

    /// <summary>Null where the system does not say, as of a network share.</summary>
    private static long? Free(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void CheckPlace(string full, string path, IEnumerable<string?> inputs)
    {
        if (!OperatingSystem.IsWindows() && !RealPath.IsWithin(full, "/dev/shm")
            && SystemFolders.FirstOrDefault(f => RealPath.IsWithin(full, f)) is { } system)
        {
            throw new ArgumentException($"{Option} is '{path}', which lies in {system}; name a file elsewhere.");
        }

        foreach (string input in inputs.OfType<string>())
        {
            if (Directory.Exists(input) && RealPath.IsWithin(full, input))
            {
                throw new ArgumentException(
                    $"{Option} is '{path}', which lies in '{input}', where images are read from; name a place outside of it.");
            }

            // By the system's own rule, which may not tell capital letters from small ones.
            if (Path.GetRelativePath(RealPath.Of(full), RealPath.Of(input)) == ".")
            {
                throw new ArgumentException($"{Option} is '{path}', which is read and would be replaced; name another file.");
            }
        }
    }

    private static void Probe(string full, string path, string option = Option)
    {
        string probe = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllBytes(probe, [0]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{option} is '{path}', which cannot be written: {e.Message}", e);
        }
        finally
        {
            File.Delete(probe);
        }
    }
}
