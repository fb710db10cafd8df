using GMem.Images;
using GMem.Weights;
using TorchSharp;

namespace GMem.Evaluation.Inception;

/// <summary>Fills the network from a state dict. The names are the network's own; the counters of training batches may be missing.</summary>
internal static class InceptionWeights
{
    private const string BatchCounter = ".num_batches_tracked";
    private const int NamesInMessage = 3;

    /// <summary>The names and tensors in a file; the caller disposes them.</summary>
    public static Dictionary<string, torch.Tensor> ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string extension = Path.GetExtension(path).ToLowerInvariant();
        if (extension != ".safetensors")
        {
            throw new NotSupportedException($"'{path}': Inception weights are read from .safetensors, not from '{extension}'. Convert the file, or pass its tensors by name.");
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.ReadAll();
    }

    /// <summary>Copies the tensors into the network, all or none.</summary>
    /// <param name="network">The network.</param>
    /// <param name="tensors">Tensors by state-dict name; they stay the caller's.</param>
    /// <param name="source">What to call them in an error.</param>
    /// <exception cref="InvalidDataException">A tensor is missing, unknown or of another shape.</exception>
    public static void Load(InceptionV3 network, IReadOnlyDictionary<string, torch.Tensor> tensors, string source)
    {
        Dictionary<string, torch.Tensor> state = network.state_dict();
        string[] missing = [.. state.Keys.Where(k => !k.EndsWith(BatchCounter, StringComparison.Ordinal) && !tensors.ContainsKey(k)).Order(StringComparer.Ordinal)];
        string[] unknown = [.. tensors.Keys.Where(k => !state.ContainsKey(k)).Order(StringComparer.Ordinal)];
        if (missing.Length + unknown.Length > 0)
        {
            throw new InvalidDataException(
                $"'{source}' has no weights of the FID's InceptionV3: missing are {List(missing)}, unknown are {List(unknown)}. Expected is the state dict of pt_inception-2015-12-05 as pytorch-fid publishes it.");
        }

        foreach ((string name, torch.Tensor target) in state)
        {
            if (tensors.TryGetValue(name, out torch.Tensor? given) && !given.shape.SequenceEqual(target.shape))
            {
                throw new InvalidDataException(
                    $"'{source}': tensor '{name}' has the shape {ImageTensors.Shape(given)}, the FID's InceptionV3 needs {ImageTensors.Shape(target)}{(name.StartsWith("fc.", StringComparison.Ordinal) ? " (1008 classes; torchvision's own weights have 1000 and give other figures)" : "")}.");
            }
        }

        using IDisposable frozen = torch.no_grad();
        foreach ((string name, torch.Tensor target) in state)
        {
            if (tensors.TryGetValue(name, out torch.Tensor? given))
            {
                target.copy_(given);
            }
        }
    }

    private static string List(string[] names) => names.Length == 0
        ? "none"
        : $"{names.Length} ({string.Join(", ", names.Take(NamesInMessage))}{(names.Length > NamesInMessage ? ", ..." : "")})";
}
