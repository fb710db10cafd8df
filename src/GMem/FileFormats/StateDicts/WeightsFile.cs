using System.Runtime.InteropServices;

namespace GMem.FileFormats;

/// <summary>Reads the tensors of a file of weights, whatever its format; the extension says which it is.</summary>
internal static class WeightsFile
{
    /// <summary>What this reads, for messages.</summary>
    private const string Formats = ".safetensors, or .pth, .pt, .ckpt and .bin as torch.save writes them";

    // Under which a training checkpoint keeps its state dictionary; the first that is there counts.
    private static readonly string[] Nesting = ["state_dict", "model", "ema", "teacher"];

    // What wrappers for parallel training and compilation put before every name.
    private static readonly string[] Wrappers = ["module.", "_orig_mod."];

    /// <summary>
    /// Reads tensors: of a PyTorch checkpoint those of its state dictionary, under names without the prefixes of wrappers.
    /// </summary>
    /// <param name="path">A file of a format named by its extension.</param>
    /// <param name="wanted">Which names to read; null reads all.</param>
    /// <param name="nesting">
    /// Under which names a checkpoint may keep its state dictionary, the first choice first; null for the usual ones.
    /// </param>
    /// <returns>New tensors on the CPU, by name; dispose them.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or holds no state dictionary.</exception>
    /// <exception cref="NotSupportedException">The extension names no format that can be read.</exception>
    public static Dictionary<string, torch.Tensor> ReadTensors(string path, Func<string, bool>? wanted = null, string[]? nesting = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        InputFile.Open(path, "file of weights").Dispose();
        string extension = Path.GetExtension(path).ToLowerInvariant();
        try
        {
            return extension switch
            {
                ".safetensors" => ReadSafetensors(path, wanted),
                ".pth" or ".pt" or ".ckpt" or ".bin" => ReadCheckpoint(path, wanted, nesting ?? Nesting),
                _ => throw new NotSupportedException($"'{path}' has the extension '{extension}'; weights are read from {Formats}."),
            };
        }
        catch (ExternalException e)
        {
            throw new InvalidDataException($"'{path}' is damaged: it has a tensor that libtorch cannot make.", e);
        }
    }

    /// <summary>The shapes of tensors, from which a network's options are inferred.</summary>
    public static Dictionary<string, long[]> Shapes(IReadOnlyDictionary<string, torch.Tensor> tensors) =>
        tensors.ToDictionary(t => t.Key, t => t.Value.shape, StringComparer.Ordinal);

    /// <summary>Frees tensors that were read.</summary>
    public static void Dispose(IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        foreach (torch.Tensor tensor in tensors.Values)
        {
            tensor.Dispose();
        }
    }

    private static Dictionary<string, torch.Tensor> ReadSafetensors(string path, Func<string, bool>? wanted)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return Read(file.Entries.ToDictionary(e => e.Name, e => e.Name, StringComparer.Ordinal), file.Read, wanted, path);
    }

    private static Dictionary<string, torch.Tensor> ReadCheckpoint(string path, Func<string, bool>? wanted, string[] nesting)
    {
        using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(path);
        IReadOnlyDictionary<string, CheckpointTensor> tensors = StateDictOf(checkpoint, nesting);
        RequireNoMoreThanTheFile(tensors.Values, path);
        return Read(tensors, checkpoint.Read, wanted, path);
    }

    private static Dictionary<string, torch.Tensor> Read<T>(
        IReadOnlyDictionary<string, T> entries, Func<T, torch.Tensor> read, Func<string, bool>? wanted, string path)
    {
        Dictionary<string, torch.Tensor> tensors = new(StringComparer.Ordinal);
        try
        {
            foreach ((string name, T entry) in Unwrapped(entries).Where(e => wanted?.Invoke(e.Key) != false))
            {
                tensors.Add(name, read(entry));
                TensorBytes.RequireFinite(tensors[name], path, name);
            }

            return tensors;
        }
        catch
        {
            Dispose(tensors);
            throw;
        }
    }

    private static IReadOnlyDictionary<string, T> Unwrapped<T>(IReadOnlyDictionary<string, T> entries)
    {
        // A wrapper renames every tensor: a prefix that only some have belongs to the network.
        while (entries.Count > 0 && Array.Find(Wrappers,
            w => entries.Keys.All(n => n.StartsWith(w, StringComparison.Ordinal))) is string wrapper)
        {
            entries = entries.ToDictionary(e => e.Key[wrapper.Length..], e => e.Value, StringComparer.Ordinal);
        }

        return entries;
    }

    private static IReadOnlyDictionary<string, CheckpointTensor> StateDictOf(PyTorchCheckpoint checkpoint, string[] nesting)
    {
        string[][] ways = [[], .. nesting.Select(key => new[] { key }), .. nesting.SelectMany(
            outer => nesting.Select(inner => new[] { outer, inner }))];
        foreach (string[] way in ways)
        {
            if (Exists(checkpoint.Root, way) && checkpoint.StateDict(way) is { Count: > 0 } tensors)
            {
                return tensors;
            }
        }

        string found = checkpoint.Root is PickleDictionary root
            ? $"; it has {string.Join(", ", root.Keys.Take(10).Select(k => $"'{k}'"))}"
            : "";
        throw new InvalidDataException(
            $"'{checkpoint.Path}' holds no tensors by name, neither at its root nor under "
                + $"{string.Join(", ", nesting.Select(n => $"'{n}'"))}{found}.");
    }

    private static bool Exists(object? at, string[] way)
    {
        foreach (string key in way)
        {
            if (at is not PickleDictionary parent || !parent.TryGetValue(key, out at))
            {
                return false;
            }
        }

        return at is PickleDictionary;
    }

    /// <summary>Many names may share one storage: read one by one, a small file would fill the memory.</summary>
    private static void RequireNoMoreThanTheFile(IEnumerable<CheckpointTensor> tensors, string path)
    {
        const double Allowance = 64 << 20;
        double bytes = tensors.Sum(t => (double)t.Count * t.Storage.ElementSize), length = new FileInfo(path).Length;
        if (bytes > length + Allowance)
        {
            throw new InvalidDataException(
                $"'{path}' has {length:N0} bytes, but its tensors, which share storages, would take {bytes:N0}; it is refused.");
        }
    }
}
