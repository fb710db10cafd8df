using System.Text.Json;
using GMem.Encoders.DinoV2;
using GMem.FileFormats;
using GMem.Tests.Shared;

namespace GMem.Tests.Encoders.DinoV2;

/// <summary>One weights file of the reference folder with the files that were computed with it.</summary>
internal sealed record DinoV2Reference(string Weights, IReadOnlyList<string> Native, IReadOnlyList<string> Snippets)
{
    private const string Suffix = "_weights";

    public const string Folder = "dinov2";

    public static IReadOnlyList<DinoV2Reference> All()
    {
        IReadOnlyList<string> files = ReferenceFolder.Files(Folder);
        string[] weights = [.. files.Where(f => Stem(f).EndsWith(Suffix, StringComparison.Ordinal))];
        // A stem may begin with another (NAME and NAME_reg): a file belongs to the longest one it begins with.
        ILookup<string, string> byWeights = files.Except(weights).ToLookup(f => weights
            .Where(w => Stem(f).StartsWith(Stem(w)[..^Suffix.Length] + "_", StringComparison.Ordinal))
            .OrderByDescending(w => w.Length).FirstOrDefault() ?? "");
        return [.. weights.Select(
            w => new DinoV2Reference(w, [.. byWeights[w].Where(f => !IsSnippet(f))], [.. byWeights[w].Where(IsSnippet)]))];
    }

    public static IReadOnlyList<string> KeyTables() => ReferenceFolder.Files(Folder, "*_keys.json");

    public static DinoV2Options Options(JsonElement config) => new()
    {
        EmbedDim = config.GetProperty("embed_dim").GetInt32(),
        Depth = config.GetProperty("depth").GetInt32(),
        Heads = config.GetProperty("num_heads").GetInt32(),
        PatchSize = config.GetProperty("patch_size").GetInt32(),
        ImageSize = config.GetProperty("img_size").GetInt32(),
        RegisterTokens = config.GetProperty("num_register_tokens").GetInt32(),
        SwiGlu = config.TryGetProperty("ffn_layer", out JsonElement layer)
            && layer.GetString()!.StartsWith("swiglu", StringComparison.Ordinal),
        MlpRatio = config.GetProperty("mlp_ratio").GetDouble(),
        InterpolateOffset = config.GetProperty("interpolate_offset").GetDouble(),
        InterpolateAntialias = config.GetProperty("interpolate_antialias").GetBoolean(),
        SqueezeToSquare = true,
    };

    private static bool IsSnippet(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.Config().TryGetProperty("input_height", out _);
    }

    private static string Stem(string path) => Path.ChangeExtension(path, null);
}
