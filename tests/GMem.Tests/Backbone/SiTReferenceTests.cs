using System.Text.Json;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Sampling;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Backbone;

/// <summary>
/// The network against the official implementations, for every pair of files <c>NAME.io</c> and <c>NAME.weights</c> in the folder.
/// </summary>
public sealed class SiTReferenceTests
{
    private const string Folder = "backbone";
    private const string Io = ".io.safetensors";
    private const string WeightsEnding = ".weights.safetensors";
    private const double Tolerance = 2e-5;
    private const double GuidedTolerance = 5e-5;
    private const double DoubleTolerance = 1e-8;

    [Fact]
    public void Folder_EveryFile_BelongsToACase()
    {
        IReadOnlyList<string> files = ReferenceFolder.Files(Folder);
        ReferenceFolder.RequireCases(Folder, files, "files");
        foreach (string path in files)
        {
            string other = path.EndsWith(Io, StringComparison.Ordinal) ? path.Replace(Io, WeightsEnding, StringComparison.Ordinal)
                : path.Replace(WeightsEnding, Io, StringComparison.Ordinal);
            Assert.True(other != path && files.Contains(other), $"'{path}' is read by no case");
        }
    }

    [Fact]
    public void Tensors_OfEveryFile_AreReadByACase()
    {
        string[] prefixes = ["eval.out", "train.", "train_drop.", "mid.", "cfg."];
        string[] inputs = ["x", "t", "c", "y"];
        IReadOnlyList<string> cases = Cases();
        ReferenceFolder.RequireCases(Folder, cases, "networks");
        foreach (string name in cases)
        {
            using SafetensorsFile io = SafetensorsFile.Open(name + Io);
            Assert.All(io.Entries, e => Assert.True(
                inputs.Contains(e.Name) || prefixes.Any(p => e.Name.StartsWith(p, StringComparison.Ordinal)), $"{io.Path}: '{e.Name}'"));
        }
    }

    [Fact]
    public void StateDict_EveryReferenceNetwork_HasTheOfficialNamesAndShapes()
    {
        ForEachCase("state dicts", torch.float32, (_, config, _, weights) =>
        {
            using SiT network = new(TestBackbone.Options(config));
            Assert.Equal(
                weights.Entries.Select(e => $"{e.Name} [{string.Join(", ", e.Shape)}]").Order(StringComparer.Ordinal),
                network.StateDictTensors().Select(e => $"{e.Key} [{string.Join(", ", e.Value.shape)}]").Order(StringComparer.Ordinal));
        });
    }

    [Fact]
    public void Tables_OfANewNetwork_AreTheOfficialOnes()
    {
        ForEachCase("position tables", torch.float32, (name, config, _, weights) =>
        {
            using SiT network = new(TestBackbone.Options(config));
            foreach ((string key, torch.Tensor own) in network.StateDictTensors())
            {
                bool fixedTable = key.StartsWith("feat_rope.", StringComparison.Ordinal)
                    || (key == "pos_embed" && config.GetProperty(key).GetString() == "sin-cos table");
                if (fixedTable)
                {
                    ReferenceFolder.Close(own, weights.Read(key), 1e-6, 0, $"{name} {key}");
                }
            }
        });
    }

    [Fact]
    public void Forward_EveryReferenceNetwork_GivesTheOfficialOutput() =>
        ForEachCase("evaluations", torch.float32, (name, network, io) =>
            ReferenceFolder.Close(
                network.forward(io.Read("x"), io.Read("t"), Condition(network, io, "")), io.Read("eval.out"), Tolerance, 0, name));

    [Fact]
    public void Forward_EveryReferenceNetworkInDouble_GivesTheOfficialOutput() =>
        ForEachCase("evaluations in float64", torch.float64, (name, network, io) =>
            ReferenceFolder.Close(network.forward(Read(io, "x", torch.float64), Read(io, "t", torch.float64), Condition(network, io, "")),
                io.Read("eval.out_f64"), DoubleTolerance, 0, name));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ForwardTraining_EveryReferenceNetwork_GivesTheOfficialOutput(bool inDouble)
    {
        torch.ScalarType dtype = inDouble ? torch.float64 : torch.float32;
        string suffix = inDouble ? "_f64" : "";
        ForEachCase($"training passes{suffix}", dtype, (name, network, io) =>
        {
            SiTOutput output = network.ForwardTraining(Read(io, "x", dtype), Read(io, "t", dtype), [Condition(network, io, "")]);
            double tolerance = inDouble ? DoubleTolerance : Tolerance;
            CloseIfPresent(io, $"train.x{suffix}", output.Prediction, tolerance, name);
            CloseIfPresent(io, $"train.z{suffix}", output.Projection, tolerance, name);
        });
    }

    [Fact]
    public void ConditionDropout_RecordedMaskOrUniforms_GivesTheOfficialOutput()
    {
        ForEachCase("training passes with dropout", torch.float32, (name, network, io) =>
        {
            SiTOptions options = network.Options;
            torch.Tensor condition = Condition(network, io, "");
            torch.Tensor dropped = options.Snippet is { } snippet
                ? ConditionDropout.ApplyKeepMask(condition, io.Read("train_drop.mask"), snippet.Dropout)
                : ConditionDropout.ReplaceLabels(condition, io.Read("train_drop.u"), options.Label!.ClassCount, options.Label!.Dropout);
            SiTOutput output = network.ForwardTraining(io.Read("x"), io.Read("t"), [dropped]);
            CloseIfPresent(io, "train_drop.x", output.Prediction, Tolerance, name);
            CloseIfPresent(io, "train_drop.z", output.Projection, Tolerance, name);
        });
    }

    [Fact]
    public void Stages_EveryReferenceNetwork_GiveTheOfficialTokens()
    {
        ForEachCase("intermediate results", torch.float32, (name, network, io) =>
        {
            Dictionary<string, torch.Tensor> stages = [];
            stages["t_emb"] = network.t_embedder.forward(io.Read("t"));
            stages["cond_emb"] = network.EmbedConditions([Condition(network, io, "")], io.Entry("t").Shape[0])!;
            torch.Tensor[] modulations = Modulations.BatchInvariant(network, io.Read("t"), stages["cond_emb"], io.Entry("t").Shape[0]);
            network.RunBlocks(io.Read("x"), modulations, training: false, (stage, tokens) => stages[stage] = tokens.alias());
            foreach (SafetensorsEntry entry in io.Entries.Where(e => e.Name.StartsWith("mid.", StringComparison.Ordinal)))
            {
                ReferenceFolder.Close(stages[entry.Name[4..]], io.Read(entry.Name), Tolerance, 0, $"{name} {entry.Name}");
            }
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Guidance_EveryReferenceCase_GivesTheOfficialOutput(bool inDouble)
    {
        torch.ScalarType dtype = inDouble ? torch.float64 : torch.float32;
        ForEachCase($"guided evaluations{(inDouble ? "_f64" : "")}", dtype, (name, config, io, weights) =>
        {
            using SiT network = TestBackbone.Load(weights.Path, config, dtype);
            foreach (JsonProperty setting in config.GetProperty("cfg_cases").EnumerateObject())
            {
                torch.Tensor actual = Guided(network, Read(
                    io, "cfg.x", dtype), Read(io, $"cfg.{setting.Name}.t", dtype), Condition(network, io, "cfg."), setting.Value);
                string expected = $"cfg.{setting.Name}.out{(inDouble ? "_f64" : "")}";
                CloseIfPresent(io, expected, actual, inDouble ? DoubleTolerance : GuidedTolerance, name);
            }
        });
    }

    /// <summary>Guidance as the reference records it: a doubled batch, of which the second half of the state follows the first.</summary>
    private static torch.Tensor Guided(SiT network, torch.Tensor x, torch.Tensor t, torch.Tensor condition, JsonElement setting)
    {
        JsonElement? Property(string name) =>
            setting.TryGetProperty(name, out JsonElement v) && v.ValueKind != JsonValueKind.Null ? v : null;
        bool interval = Property("cfg_interval")?.GetBoolean() ?? false;
        int? channels = Property("guided_channels")?.GetInt32();
        Guidance guidance = new(
            setting.GetProperty("cfg_scale").GetDouble(),
            interval ? Property("cfg_interval_start")?.GetDouble() : null,
            interval ? Property("cfg_interval_end")?.GetDouble() : null,
            channels);
        torch.Tensor[] states = x.chunk(2), times = t.chunk(2), conditions = condition.chunk(2);
        torch.Tensor guided = guidance.Predict(network.forward, states[0], times[0], conditions[0], conditions[1]);
        if (channels is not { } count || count >= x.size(1))
        {
            return torch.cat([guided, guided], 0);
        }

        // The second half keeps its own prediction, the unconditional one, in the channels that are not guided.
        torch.Tensor unconditional = network.forward(states[0], times[0], conditions[1]);
        return torch.cat([guided, torch.cat([guided.narrow(1, 0, count), unconditional.narrow(1, count, x.size(1) - count)], 1)], 0);
    }

    private static IReadOnlyList<string> Cases() =>
        [.. ReferenceFolder.Files(Folder, "*" + Io).Select(p => p[..^Io.Length]).Where(n => File.Exists(n + WeightsEnding))];

    private static void ForEachCase(string what, torch.ScalarType dtype, Action<string, SiT, SafetensorsFile> check) =>
        ForEachCase(what, dtype, (name, config, io, weights) =>
        {
            using SiT network = TestBackbone.Load(weights.Path, config, dtype);
            check(name, network, io);
        });

    private static void ForEachCase(
        string what, torch.ScalarType dtype, Action<string, JsonElement, SafetensorsFile, SafetensorsFile> check)
    {
        IReadOnlyList<string> cases = Cases();
        ReferenceFolder.RequireCases(Folder, cases, what);
        foreach (string path in cases)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable noGradients = torch.no_grad();
            using SafetensorsFile io = SafetensorsFile.Open(path + Io);
            using SafetensorsFile weights = SafetensorsFile.Open(path + WeightsEnding);
            check($"{Path.GetFileName(path)} ({dtype})", io.Config(), io, weights);
        }
    }

    private static void CloseIfPresent(SafetensorsFile io, string tensor, torch.Tensor? actual, double tolerance, string name)
    {
        if (io.Contains(tensor))
        {
            Assert.True(actual is not null, $"{name}: the network gives no '{tensor}'");
            ReferenceFolder.Close(actual, io.Read(tensor), tolerance, 0, $"{name} {tensor}");
        }
    }

    private static torch.Tensor Read(SafetensorsFile io, string name, torch.ScalarType dtype) => io.Read(name).to(dtype);

    private static torch.Tensor Condition(SiT network, SafetensorsFile io, string prefix) =>
        network.Options.Label is not null ? io.Read(prefix + "y") : Read(io, prefix + "c", network.DataType);
}
