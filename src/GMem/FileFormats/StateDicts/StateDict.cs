namespace GMem.FileFormats;

/// <summary>Carries named tensors into and out of a module, under the names of the official checkpoints.</summary>
internal static class StateDict
{
    /// <summary>Everything a checkpoint of the module holds.</summary>
    /// <param name="module">The module.</param>
    /// <returns>Names, and the module's own parameters and buffers; do not dispose them.</returns>
    public static IReadOnlyDictionary<string, torch.Tensor> TensorsOf(torch.nn.Module module) => module.state_dict();

    /// <summary>Copies tensors into a module. Nothing is changed unless all of them fit.</summary>
    /// <param name="module">The module to fill.</param>
    /// <param name="tensors">Tensors by name; on any device.</param>
    /// <param name="source">Where they come from, for an error: a path, say.</param>
    /// <param name="mayBeMissing">Names of the module's tensors that need not be there and then stay as they are. Default none.</param>
    /// <param name="mayBeUnexpected">Names that the module does not have and that are passed over. Default none.</param>
    /// <exception cref="InvalidDataException">
    /// Names are missing or unexpected, or a shape or type does not fit; the message lists all of them.
    /// </exception>
    public static void Load(torch.nn.Module module, IReadOnlyDictionary<string, torch.Tensor> tensors, string source,
        Func<string, bool>? mayBeMissing = null, Func<string, bool>? mayBeUnexpected = null)
    {
        Load(module, TensorShape.Of(tensors), name => tensors[name].alias(), source, mayBeMissing, mayBeUnexpected);
    }

    /// <summary>Copies the tensors of a file into a module, one after the other. Nothing is changed unless all of them fit.</summary>
    /// <param name="module">The module to fill.</param>
    /// <param name="file">The open file.</param>
    /// <param name="mayBeMissing">Names of the module's tensors that need not be there and then stay as they are. Default none.</param>
    /// <param name="mayBeUnexpected">Names that the module does not have and that are passed over. Default none.</param>
    /// <exception cref="InvalidDataException">
    /// Names are missing or unexpected, or a shape or type does not fit; the message lists all of them.
    /// </exception>
    public static void Load(
        torch.nn.Module module, SafetensorsFile file, Func<string, bool>? mayBeMissing = null, Func<string, bool>? mayBeUnexpected = null)
    {
        Load(module, TensorShape.Of(file.Entries), file.Read, file.Path, mayBeMissing, mayBeUnexpected);
    }

    /// <summary>Compares what is known of tensors with a module; none is read.</summary>
    /// <exception cref="InvalidDataException">
    /// Names are missing or unexpected, or a shape or type does not fit; the message lists all of them.
    /// </exception>
    public static void RequireFit(torch.nn.Module module, IReadOnlyDictionary<string, TensorShape> given, string source,
        Func<string, bool>? mayBeMissing = null, Func<string, bool>? mayBeUnexpected = null)
    {
        IReadOnlyDictionary<string, torch.Tensor> own = TensorsOf(module);
        List<string> faults = [];
        faults.AddRange(own.Keys.Where(n => !given.ContainsKey(n) && mayBeMissing?.Invoke(n) != true).Select(n => $"'{n}' is missing"));
        faults.AddRange(
            given.Keys.Where(n => !own.ContainsKey(n) && mayBeUnexpected?.Invoke(n) != true).Select(n => $"'{n}' is unexpected"));
        faults.AddRange(own.Keys.Where(given.ContainsKey).Select(n => Mismatch(n, own[n], given[n])).OfType<string>());
        if (faults.Count > 0)
        {
            throw new InvalidDataException(
                $"The weights in '{source}' do not fit the {module.GetName()}: "
                    + $"{string.Join("; ", faults.Order(StringComparer.Ordinal))}. Build it with the options of that checkpoint.");
        }
    }

    private static void Load(torch.nn.Module module, Dictionary<string, TensorShape> given, Func<string, torch.Tensor> read, string source,
        Func<string, bool>? mayBeMissing, Func<string, bool>? mayBeUnexpected)
    {
        RequireFit(module, given, source, mayBeMissing, mayBeUnexpected);
        using IDisposable noGradients = torch.no_grad();
        foreach ((string name, torch.Tensor own) in TensorsOf(module).Where(t => given.ContainsKey(t.Key)))
        {
            using torch.Tensor tensor = read(name);
            own.copy_(tensor);
        }
    }

    /// <summary>Why a tensor does not fit, or null. A wider type may be filled from a narrower one, never the other way round.</summary>
    private static string? Mismatch(string name, torch.Tensor own, TensorShape given)
    {
        if (!own.shape.SequenceEqual(given.Sizes))
        {
            return $"'{name}' is [{string.Join(", ", given.Sizes)}], expected [{string.Join(", ", own.shape)}]";
        }

        bool widens = Rank(given.Type) is int from && Rank(own.dtype) is int to && from < to;
        return given.Type == own.dtype || widens ? null : $"'{name}' is {given.Type}, expected {own.dtype}";
    }

    private static int? Rank(torch.ScalarType type) => type switch
    {
        torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => 0,
        torch.ScalarType.Float32 => 1,
        torch.ScalarType.Float64 => 2,
        _ => null,
    };
}
