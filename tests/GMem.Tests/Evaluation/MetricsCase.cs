using System.Text.Json;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Evaluation;

/// <summary>One reference case of the metrics: two feature sets, logits, and values of published implementations.</summary>
internal sealed class MetricsCase
{
    private MetricsCase(string path, JsonElement config, Dictionary<string, torch.Tensor> tensors)
    {
        Path = path;
        Config = config;
        Tensors = tensors;
        Scalars = config.GetProperty("scalars").EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
    }

    public string Path { get; }

    public JsonElement Config { get; }

    public IReadOnlyDictionary<string, torch.Tensor> Tensors { get; }

    public IReadOnlyDictionary<string, JsonElement> Scalars { get; }

    public torch.Tensor Real => Tensors["real"];

    public torch.Tensor Fake => Tensors["fake"];

    public torch.Tensor Logits => Tensors["logits"];

    public torch.Tensor Set(string name) => name == "real" ? Real : Fake;

    /// <summary>The cases of the folder; their tensors belong to the caller's scope.</summary>
    public static IReadOnlyList<MetricsCase> All() => [.. ReferenceFolder.Files("metrics").Select(Read)];

    private static MetricsCase Read(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return new MetricsCase(path, file.Config(), file.ReadAll());
    }
}
