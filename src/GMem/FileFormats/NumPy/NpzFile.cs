using System.IO.Compression;

namespace GMem.FileFormats;

/// <summary>Files of NumPy's <c>savez</c>: a zip, stored or deflated, of one <c>.npy</c> file an array.</summary>
internal static class NpzFile
{
    private const string Extension = ".npy";

    /// <param name="path">The file.</param>
    /// <param name="wanted">Which arrays are read, by name without extension; the others are not looked at.</param>
    /// <param name="names">The names of all.</param>
    /// <returns>New tensors on the CPU.</returns>
    public static Dictionary<string, torch.Tensor> Read(string path, Func<string, bool> wanted, out IReadOnlyList<string> names)
    {
        using FileStream stream = InputFile.Open(path);
        Dictionary<string, torch.Tensor> arrays = [];
        HashSet<string> found = new(StringComparer.Ordinal);
        try
        {
            using ZipArchive zip = new(stream, ZipArchiveMode.Read);
            foreach (ZipArchiveEntry entry in zip.Entries)
            {
                string name = entry.FullName.EndsWith(Extension, StringComparison.Ordinal)
                    ? entry.FullName[..^Extension.Length]
                    : entry.FullName;
                if (!found.Add(name))
                {
                    throw new InvalidDataException($"it has two arrays '{name}'.");
                }

                if (wanted(name))
                {
                    arrays[name] = ReadEntry(entry, path);
                }
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            foreach (torch.Tensor array in arrays.Values)
            {
                array.Dispose();
            }

            throw new InvalidDataException($"'{path}' is no .npz file, or it is damaged: {e.Message}", e);
        }

        names = [.. found];
        return arrays;
    }

    /// <summary>Writes stored entries, which every reader takes; on an error the target is untouched.</summary>
    public static void Write(string path, IReadOnlyDictionary<string, torch.Tensor> arrays) => AtomicFile.Write(path, stream =>
    {
        using ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string name, torch.Tensor array) in arrays)
        {
            using Stream entry = zip.CreateEntry(name + Extension, CompressionLevel.NoCompression).Open();
            NpyFormat.Write(entry, array);
        }
    });

    private static torch.Tensor ReadEntry(ZipArchiveEntry entry, string path)
    {
        torch.Tensor? array = null;
        try
        {
            CheckedZip.Read(entry, stream => array = NpyFormat.Read(stream, entry.Length, $"{path}/{entry.FullName}"));
            return array!;
        }
        catch
        {
            array?.Dispose();
            throw;
        }
    }
}
