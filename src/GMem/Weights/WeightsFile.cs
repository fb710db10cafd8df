using TorchSharp;

namespace GMem.Weights;

/// <summary>Reads the tensors of a file of weights, whatever its format; the extension says which it is.</summary>
internal static class WeightsFile
{
    /// <summary>Reads every tensor.</summary>
    /// <param name="path">A <c>.safetensors</c> file.</param>
    /// <returns>New tensors on the CPU, by name; dispose them.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    /// <exception cref="NotSupportedException">The extension names no format that can be read.</exception>
    public static Dictionary<string, torch.Tensor> ReadTensors(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string extension = Path.GetExtension(path).ToLowerInvariant();
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no file of weights '{path}'.", path);
        }

        switch (extension)
        {
            case ".safetensors":
                using (SafetensorsFile file = SafetensorsFile.Open(path))
                {
                    return file.ReadAll();
                }

            default:
                throw new NotSupportedException($"'{path}' has the extension '{extension}'; weights are read from .safetensors files. Convert it first.");
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
}
