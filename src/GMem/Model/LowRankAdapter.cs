using System.Globalization;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Training;
using Linear = GMem.Backbone.Linear;

namespace GMem;

/// <summary>
/// What fine-tuning added to a network (LoRA, arXiv 2106.09685): for each adapted layer two small matrices A and B, by which its weights W
/// become <c>W + strength (alpha / rank) B A</c>. It belongs to the network that it was trained on, and to no other.
/// </summary>
/// <remarks>
/// Weights alone: the bank, the encoder and the source are the model's, and <see cref="Memory.MemoryBank.Save(string)"/> keeps a bank by
/// itself. Immutable, thread-safe, and without native memory.
/// </remarks>
public sealed class LowRankAdapter
{
    private const string Format = "gmem adapter";
    private const int Version = 1;
    private const string FormatKey = "format", VersionKey = "version", NetworkKey = "network", AlphaKey = "alpha";

    private readonly IReadOnlyList<Product> _products;

    private LowRankAdapter(string networkFingerprint, double alpha, IReadOnlyList<Product> products) =>
        (NetworkFingerprint, Alpha, _products) = (networkFingerprint, alpha, products);

    /// <summary>SHA-256 of the names and weights of the network that it was trained on, 64 hexadecimal digits.</summary>
    public string NetworkFingerprint { get; }

    /// <summary>Rank of the products.</summary>
    public int Rank => _products[0].Rank;

    /// <summary>The products count <c>Alpha / Rank</c> times at strength 1.</summary>
    public double Alpha { get; }

    /// <summary>The adapted layers, in the order of the network.</summary>
    public IReadOnlyList<string> Layers => [.. _products.Select(p => p.Layer)];

    /// <summary>How many numbers it has learnt.</summary>
    public long ParameterCount => _products.Sum(p => (long)p.Down.Length + p.Up.Length);

    /// <summary>Reads an adapter.</summary>
    /// <param name="path">A file that <see cref="Save(string)"/> wrote.</param>
    /// <returns>The adapter.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no adapter, damaged, or of a newer version; the message names the file.</exception>
    public static LowRankAdapter Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = InputFile.Open(path, "adapter file");
        return Read(stream, path);
    }

    /// <summary>Reads an adapter from a stream.</summary>
    /// <param name="stream">At the start of what <see cref="Save(Stream)"/> wrote; read to its end and left open.</param>
    /// <returns>The adapter.</returns>
    /// <exception cref="InvalidDataException">As for a file.</exception>
    public static LowRankAdapter Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Read(stream, "The stream");
    }

    /// <summary>
    /// Writes the adapter as safetensors: <c>LAYER.lora_A</c> <c>[rank, inputs]</c> and <c>LAYER.lora_B</c> <c>[outputs, rank]</c>, and in
    /// the metadata alpha and the fingerprint of the network.
    /// </summary>
    /// <param name="path">The file; an existing one is replaced only when the new one is complete.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, Save);
    }

    /// <summary>Writes the same into a stream.</summary>
    /// <param name="stream">Where to; it need not seek, and is left open.</param>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        GMemRuntime.EnsureLoaded();
        using DisposeScope scope = torch.NewDisposeScope();
        SafetensorsWriter.Write(
            stream,
            _products.SelectMany(p => new[]
            {
                KeyValuePair.Create($"{p.Layer}.{Linear.Down}", p.A()), KeyValuePair.Create($"{p.Layer}.{Linear.Up}", p.B()),
            }),
            new Dictionary<string, string>
            {
                [FormatKey] = Format,
                [VersionKey] = Version.ToString(CultureInfo.InvariantCulture),
                [NetworkKey] = NetworkFingerprint,
                [AlphaKey] = Alpha.ToString(CultureInfo.InvariantCulture),
            });
    }

    /// <summary>The adapter that a network was trained with.</summary>
    internal static LowRankAdapter Of(SiT network, LowRankAdapterOptions options, string fingerprint)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        IReadOnlyDictionary<string, torch.Tensor> tensors = network.StateDictTensors();
        return new LowRankAdapter(fingerprint, options.ResolvedAlpha,
        [
            .. network.LinearLayers().Where(l => l.Layer.Adapter.Rank > 0).Select(l => new Product(
                l.Name, l.Layer.Adapter.Rank, Numbers(tensors[$"{l.Name}.{Linear.Down}"]), Numbers(tensors[$"{l.Name}.{Linear.Up}"]))),
        ]);
    }

    /// <summary>The same adapter with other numbers, in the order of the parameters of a network that is trained with it.</summary>
    /// <exception cref="InvalidDataException">There are more or fewer than it has.</exception>
    internal LowRankAdapter With(torch.Tensor numbers)
    {
        if (numbers.numel() != ParameterCount)
        {
            throw new InvalidDataException(
                $"The weights are {numbers.numel()} numbers, but the adapter has {ParameterCount}: they are of another run.");
        }

        float[] all = numbers.data<float>().ToArray();
        int at = 0;
        return new LowRankAdapter(
            NetworkFingerprint, Alpha, [.. _products.Select(p => p with { Down = Take(p.Down.Length), Up = Take(p.Up.Length) })]);

        float[] Take(int count) => all[at..(at += count)];
    }

    /// <summary>The network with the products added to its weights. What is not adapted is shared with the given one.</summary>
    /// <param name="network">The network that it was trained on.</param>
    /// <param name="fingerprint">The fingerprint of that network.</param>
    /// <param name="strength">Factor of the products; at 0 all weights are the given ones.</param>
    /// <exception cref="ArgumentException">It is another network; the message says what differs.</exception>
    internal SiT Merge(SiT network, string fingerprint, double strength)
    {
        RequireFit(network, fingerprint);
        using IDisposable noGradients = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        SiT merged = network.Twin();
        Dictionary<string, Linear> layers = merged.LinearLayers().ToDictionary(l => l.Name, l => l.Layer);
        double scale = strength * Alpha / Rank;
        foreach (Product product in scale == 0 ? [] : _products)
        {
            Parameter weight = layers[product.Layer].weight;
            torch.Tensor change = product.B().matmul(product.A()).Times(scale).to(weight.dtype).to(weight.device);
            weight.set_(weight.Plus(change));
        }

        merged.eval();
        return merged;
    }

    private void RequireFit(SiT network, string fingerprint)
    {
        Dictionary<string, long[]> shapes = network.LinearLayers().ToDictionary(l => l.Name, l => l.Layer.weight.shape);
        foreach (Product product in _products)
        {
            string wanted = $"[{product.Outputs}, {product.Inputs}]";
            string? there = shapes.TryGetValue(product.Layer, out long[]? shape) ? $"[{string.Join(", ", shape)}]" : null;
            if (there != wanted)
            {
                throw new ArgumentException(
                    $"The adapter is for another network: its layer '{product.Layer}' has {wanted} weights, and the model "
                        + (there is null ? "has no such layer" : $"has {there}")
                        + ". Give it the model that it was trained from.");
            }
        }

        if (fingerprint != NetworkFingerprint)
        {
            throw new ArgumentException(
                "The adapter is for a network of the same shape with other weights (fingerprint "
                    + $"{NetworkFingerprint[..12]}..., the model's is {fingerprint[..12]}...). Give it the model that it was trained "
                    + "from.");
        }
    }

    /// <param name="stream">At the start of an adapter.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="InvalidDataException">It is none, or damaged.</exception>
    internal static LowRankAdapter Read(Stream stream, string name)
    {
        GMemRuntime.EnsureLoaded();
        using DisposeScope scope = torch.NewDisposeScope();
        StoredTensors tensors = new(stream, name);
        IReadOnlyDictionary<string, string> metadata = tensors.Metadata;
        if (metadata.GetValueOrDefault(FormatKey) != Format)
        {
            throw new InvalidDataException($"'{name}' is no adapter: give a file that {nameof(LowRankAdapter)}.{nameof(Save)} wrote.");
        }

        if (metadata.GetValueOrDefault(VersionKey) != Version.ToString(CultureInfo.InvariantCulture))
        {
            throw new InvalidDataException(
                $"'{name}' is an adapter of version {metadata.GetValueOrDefault(VersionKey)}, and this GMem reads version {Version}. "
                    + "Update the GMem packages to load it.");
        }

        bool isAlpha = double.TryParse(metadata.GetValueOrDefault(AlphaKey), CultureInfo.InvariantCulture, out double alpha)
            && alpha is > 0 and <= 1e6;
        string fingerprint = metadata.GetValueOrDefault(NetworkKey, "");
        Product[] products = [.. Products(tensors, name)];
        return isAlpha && fingerprint.Length == 64 && products.Length > 0 && products.All(p => p.Rank == products[0].Rank)
            ? new LowRankAdapter(fingerprint, alpha, products)
            : throw Damaged(name, "it does not say its alpha, its network and layers of one rank");
    }

    private static IEnumerable<Product> Products(StoredTensors tensors, string name)
    {
        foreach (SafetensorsEntry entry in tensors.Entries.Where(e => e.Name.EndsWith($".{Linear.Down}", StringComparison.Ordinal)))
        {
            string layer = entry.Name[..^(Linear.Down.Length + 1)];
            SafetensorsEntry? up = tensors.Entries.FirstOrDefault(e => e.Name == $"{layer}.{Linear.Up}");
            bool fits = entry.Shape is [> 0 and <= int.MaxValue, > 0] && up?.Shape is [> 0, > 0] && up.Shape[1] == entry.Shape[0]
                && entry.DataType == torch.float32 && up.DataType == torch.float32;
            yield return fits ? new Product(layer, (int)entry.Shape[0], Numbers(tensors[entry.Name]), Numbers(tensors[up!.Name]))
                : throw Damaged(name, $"the matrices of its layer '{layer}' do not fit each other");
        }

        tensors.RequireAllRead();
    }

    private static InvalidDataException Damaged(string name, string what) => new($"The adapter '{name}' is damaged: {what}.");

    private static float[] Numbers(torch.Tensor tensor)
    {
        using torch.Tensor plain = tensor.detach().cpu().to(torch.float32).contiguous();
        return plain.data<float>().ToArray();
    }

    /// <summary>A layer's A <c>[rank, inputs]</c> and B <c>[outputs, rank]</c>, row by row.</summary>
    private sealed record Product(string Layer, int Rank, float[] Down, float[] Up)
    {
        public long Inputs => Down.Length / Rank;

        public long Outputs => Up.Length / Rank;

        public torch.Tensor A() => torch.tensor(Down, [Rank, Inputs]);

        public torch.Tensor B() => torch.tensor(Up, [Outputs, Rank]);
    }
}
