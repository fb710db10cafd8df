using GMem.Runtime;
using TorchSharp;

namespace GMem.Weights;

/// <summary>Fills the parameters of a frozen network: from named tensors, or at random.</summary>
internal static class FrozenWeights
{
    /// <summary>Copies tensors into the parameters of the same names, converting the element type.</summary>
    /// <param name="module">The network.</param>
    /// <param name="tensors">One for each parameter, and no other.</param>
    /// <param name="source">What to call their origin in an error.</param>
    /// <exception cref="InvalidDataException">Names or shapes differ; the message lists every one. The network is then unchanged.</exception>
    public static void Load(torch.nn.Module module, IReadOnlyDictionary<string, torch.Tensor> tensors, string source)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> parameters = module.state_dict();
        List<string> faults = [];
        AddFault(faults, "missing", parameters.Keys.Where(name => !tensors.ContainsKey(name)));
        AddFault(faults, "unexpected", tensors.Keys.Where(name => !parameters.ContainsKey(name)));
        AddFault(faults, "of another shape", parameters
            .Where(p => tensors.TryGetValue(p.Key, out torch.Tensor? t) && !t.shape.SequenceEqual(p.Value.shape))
            .Select(p => $"{p.Key} {Show(tensors[p.Key].shape)} instead of {Show(p.Value.shape)}"));
        AddFault(faults, "not of a floating-point type", tensors.Where(t => !t.Value.is_floating_point()).Select(t => $"{t.Key} ({t.Value.dtype})"));
        if (faults.Count > 0)
        {
            throw new InvalidDataException($"The tensors of '{source}' do not fit the network ({string.Join("; ", faults)}).");
        }

        using IDisposable noGradient = torch.no_grad();
        foreach ((string name, torch.Tensor parameter) in parameters)
        {
            parameter.copy_(tensors[name]);
        }
    }

    /// <summary>
    /// Weights as untrained networks have them: matrices and kernels normal with variance 1 / fan-in, scales 1, biases 0, tokens
    /// normal with deviation 0.02. A function of the seed and of the order of the parameters alone.
    /// </summary>
    public static void Randomize(torch.nn.Module module, long seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Weights);
        foreach ((string name, torch.Tensor parameter) in module.state_dict())
        {
            long[] shape = parameter.shape;
            if (name.EndsWith(".bias", StringComparison.Ordinal))
            {
                parameter.zero_();
            }
            else if (shape.Length == 1)
            {
                parameter.fill_(1.0);
            }
            else
            {
                bool isWeight = name.EndsWith(".weight", StringComparison.Ordinal);
                double deviation = isWeight ? Math.Pow(shape.Skip(1).Aggregate(1L, (a, b) => a * b), -0.5) : 0.02;
                using torch.Tensor values = torch.randn(shape, generator: generator);
                parameter.copy_(values.mul_(deviation));
            }
        }
    }

    private static void AddFault(List<string> faults, string what, IEnumerable<string> names)
    {
        string[] all = [.. names.Order(StringComparer.Ordinal)];
        if (all.Length > 0)
        {
            faults.Add($"{all.Length} {what}: {string.Join(", ", all)}");
        }
    }

    private static string Show(long[] shape) => $"[{string.Join(", ", shape)}]";
}
