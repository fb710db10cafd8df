using System.Text.Json;
using System.Text.RegularExpressions;
using GMem.Evaluation;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Evaluation.Inception;

/// <summary>The whole InceptionV3 with formula weights against every tensor of reference/inception, on both input paths.</summary>
[Collection(FormulaWeights.Collection)]
public sealed class InceptionReferenceTests(FormulaWeights weights)
{
    private const double Relative = 1e-4;

    [Fact]
    public void Network_EveryReferenceCase_Matches()
    {
        List<string> cases = [];
        foreach (string path in ReferenceFolder.Files("inception"))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using SafetensorsFile file = SafetensorsFile.Open(path);
            JsonElement config = file.Config();
            IReadOnlyDictionary<string, torch.Tensor> state = weights.Get(config.GetProperty("seed").GetUInt64());
            Assert.Equal(config.GetProperty("classes").GetInt64(), state["fc.weight"].shape[0]);
            torch.Tensor images = file.Read("image_u8");
            foreach ((string prefix, InceptionInputPath input) in new[]
            {
                ("fid.", InceptionInputPath.PyTorchFid), ("tf.", InceptionInputPath.TensorFlow),
            })
            {
                using InceptionFeatures features = InceptionFeatures.FromTensors(state, input);
                using Outputs outputs = new(features, images, input);
                foreach (SafetensorsEntry entry in file.Entries.Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal)))
                {
                    torch.Tensor expected = file.Read(entry.Name);
                    double largest = expected.abs().max().to(torch.float64).item<double>();
                    ReferenceFolder.Close(
                        outputs.Get(entry.Name[prefix.Length..]), expected, Relative * largest * 0.1, Relative, $"{path}: {entry.Name}");
                    cases.Add(path);
                }
            }

            Assert.All(file.Entries, e => Assert.Matches("^(fid\\.|tf\\.|image_u8$)", e.Name));
        }

        ReferenceFolder.RequireCases("inception", cases, "tensors");
    }

    [Fact]
    public void StateDict_EveryReferenceKey_HasItsShapeAndFormulaValues()
    {
        using InceptionV3 network = new(torch.CPU);
        Dictionary<string, torch.Tensor> state = network.state_dict();
        ulong[] seeds = [.. ReferenceFolder.Files("inception").Select(Seed).Distinct()];
        List<string> cases = [];
        foreach (string path in ReferenceFolder.Files("inception", "*.json"))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement[] entries = [.. document.RootElement.EnumerateArray()];
            Assert.Equal(entries.Select(e => e.GetProperty("key").GetString()!).Order(
                StringComparer.Ordinal), state.Keys.Order(StringComparer.Ordinal));
            Assert.Contains(seeds, seed => entries.All(e => Matches(e, state[e.GetProperty("key").GetString()!], weights.Get(seed))));
            cases.AddRange(entries.Select(_ => path));
        }

        ReferenceFolder.RequireCases("inception", cases, "state-dict keys");
    }

    [Fact]
    public void Folder_EveryFile_IsReadByATest()
    {
        IReadOnlyList<string> all = ReferenceFolder.Files("inception", "*");
        Assert.All(all, f => Assert.Matches(new Regex("(\\.safetensors|\\.json|README\\.md)$"), f));
        ReferenceFolder.RequireCases("inception", all, "files");
    }

    private static ulong Seed(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.Config().GetProperty("seed").GetUInt64();
    }

    private static bool Matches(JsonElement entry, torch.Tensor own, IReadOnlyDictionary<string, torch.Tensor> generated)
    {
        string key = entry.GetProperty("key").GetString()!;
        Assert.Equal(entry.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64()), own.shape);
        if (!entry.TryGetProperty("j", out JsonElement j))
        {
            return true;
        }

        Assert.Equal(generated.Keys.Order(StringComparer.Ordinal).ElementAt(j.GetInt32()), key);
        using torch.Tensor flat = generated[key].flatten();
        float[] values = flat.data<float>().ToArray();
        return Near(entry, "sum", values.Sum(v => (double)v), values.Length)
            && Near(entry, "sum_abs", values.Sum(v => Math.Abs((double)v)), values.Length)
            && entry.GetProperty("first")
            .EnumerateArray().Select(v => v.GetSingle()).SequenceEqual(values.Take(entry.GetProperty("first").GetArrayLength()))
            && entry.GetProperty("last").GetSingle() == values[^1];
    }

    /// <summary>Sums of the formula in float64 against sums of its float32 values.</summary>
    private static bool Near(JsonElement entry, string name, double sum, int terms) =>
        Math.Abs(entry.GetProperty(name).GetDouble() - sum) <= 6e-8 * terms;

    /// <summary>What the README says each name is.</summary>
    private sealed class Outputs(InceptionFeatures features, torch.Tensor images, InceptionInputPath path) : IDisposable
    {
        private readonly InceptionActivations _activations = features.Activations(images);

        private readonly FeatureSet _all = features.ExtractAll(images);

        public torch.Tensor Get(string name) => name switch
        {
            "resized_crop" => Resized().slice(2, 100, 132, 1).slice(3, 200, 232, 1),
            "pool3" or "2048" => _all.Features,
            "logits_unbiased" => _all.Logits!,
            "logits" => features.Network.fc.Logits(_all.Features),
            "softmax_unbiased" => _all.Logits!.to(torch.float64).softmax(1),
            _ when name.StartsWith("spatial_", StringComparison.Ordinal) => _all.SpatialFeatures!,
            _ when name.EndsWith("_sample", StringComparison.Ordinal) => Sample(Block(name.Split('_')[1])),
            _ when name.EndsWith("_mean", StringComparison.Ordinal) => InceptionFeatures.Pool(Block(name.Split('_')[1])),
            _ => InceptionFeatures.Pool(Block(name)),
        };

        public void Dispose() => _all.Dispose();

        private torch.Tensor Resized() => path == InceptionInputPath.PyTorchFid
            ? InceptionInput.ResizePyTorch(images, torch.CPU)
            : InceptionInput.TensorFlow(images, torch.CPU);

        private torch.Tensor Block(string channels) => channels switch
        {
            "64" => _activations.Block64,
            "192" => _activations.Block192,
            "768" => _activations.Block768,
            _ => throw new InvalidDataException($"no block has '{channels}' channels"),
        };

        private static torch.Tensor Sample(torch.Tensor x) =>
            x.slice(1, 0, x.shape[1], 8).slice(2, 0, x.shape[2], 8).slice(3, 0, x.shape[3], 8);
    }
}
