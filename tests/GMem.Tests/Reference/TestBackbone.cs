using System.Text.Json;
using GMem.Backbone;
using GMem.FileFormats;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>Networks of the reference files, built from the sizes and switches in their metadata.</summary>
internal static class TestBackbone
{
    /// <summary>Builds the network that a <c>config</c> describes and fills it with the weights of a file.</summary>
    public static SiT Load(string weightsPath, JsonElement config, torch.ScalarType dtype)
    {
        SiT network = new(Options(config), dtype: dtype);
        using SafetensorsFile file = SafetensorsFile.Open(weightsPath);
        StateDict.Load(network, file);
        return network;
    }

    /// <summary>
    /// The options that a <c>config</c> describes. One without <c>use_gmem</c> is the original SiT: labels, no projector.
    /// </summary>
    public static SiTOptions Options(JsonElement config)
    {
        bool snippets = Flag(config, "use_gmem");
        SiTOptions options = new()
        {
            InputSize = config.GetProperty("input_size").GetInt32(),
            InputChannels = config.GetProperty("in_channels").GetInt32(),
            PatchSize = config.GetProperty("patch_size").GetInt32(),
            HiddenSize = config.GetProperty("hidden_size").GetInt32(),
            Depth = config.GetProperty("depth").GetInt32(),
            HeadCount = config.GetProperty("num_heads").GetInt32(),
            MlpRatio = Number(config, "mlp_ratio")?.GetDouble() ?? 4,
            MlpHiddenSize = Number(config, "mlp_hidden")?.GetInt32(),
            FrequencyEmbeddingSize = Number(config, "frequency_embedding_size")?.GetInt32() ?? 256,
            UseRmsNorm = Flag(config, "use_rmsnorm"),
            UseSwiGlu = Flag(config, "use_swiglu"),
            UseRope = Flag(config, "use_rope"),
            UseQkNorm = Flag(config, "use_qknorm"),
            UseShift = !Flag(config, "wo_shift"),
            LearnSigma = Flag(config, "learn_sigma"),
            ProjectionSize = Number(config, "z_dim")?.GetInt32() ?? 0,
        };
        options = options with
        {
            Conditions = snippets
            ?
            [
                new SnippetCondition
                {
                    Size = Number(config, "condition_size")?.GetInt32() ?? 768,
                    Dropout = Number(config, "feature_dropout_prob")?.GetDouble() ?? 0.4,
                    Scale = 1,
                },
            ]
            :
            [
                new LabelCondition
                {
                    ClassCount = Number(config, "num_classes")?.GetInt32() ?? 1000,
                    Dropout = Number(config, "class_dropout_prob")?.GetDouble() ?? 0.1,
                },
            ]
        };
        options = options with { ProjectorHiddenSize = Number(config, "projector_dim")?.GetInt32() ?? options.ProjectorHiddenSize };
        options = options with { ProjectorDepth = Number(config, "encoder_depth")?.GetInt32() ?? options.ProjectorDepth };
        return options;
    }

    private static bool Flag(JsonElement config, string name) =>
        config.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static JsonElement? Number(JsonElement config, string name) =>
        config.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value : null;
}
