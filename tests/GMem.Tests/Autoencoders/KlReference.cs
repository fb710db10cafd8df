using System.Text.Json;
using GMem.Autoencoders;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Autoencoders;

/// <summary>One recorded autoencoder: inputs and outputs, and the files of its weights.</summary>
internal sealed record KlReference(string Io, IReadOnlyList<string> Weights)
{
    private const string IoSuffix = "_io";

    public const string Folder = "vae";

    public static IReadOnlyList<KlReference> All()
    {
        IReadOnlyList<string> files = ReferenceFolder.Files(Folder);
        return [.. files.Where(f => Stem(f).EndsWith(IoSuffix, StringComparison.Ordinal)).Select(io => new KlReference(
            io, [.. files.Where(f => Stem(f).StartsWith(Stem(io)[..^IoSuffix.Length] + "_weights", StringComparison.Ordinal))]))];
    }

    /// <summary>Files about the distribution alone: their settings name the clamp.</summary>
    public static IReadOnlyList<string> Gaussians() =>
        [.. ReferenceFolder.Files(Folder).Where(f => Config(f).TryGetProperty("logvar_clamp", out _))];

    public static IReadOnlyList<string> KeyTables() => ReferenceFolder.Files(Folder, "*_keys.json");

    public static IReadOnlyList<string> KeyMaps() => ReferenceFolder.Files(Folder, "*_key_map.json");

    /// <summary>
    /// Every complete set of weights of the case: a file that holds encoder and decoder, or the files that hold a part, together.
    /// </summary>
    public IReadOnlyList<(string Name, Dictionary<string, torch.Tensor> Tensors)> WeightSets()
    {
        List<(string, Dictionary<string, torch.Tensor>)> sets = [];
        Dictionary<string, torch.Tensor> parts = [];
        foreach (string path in Weights)
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            Dictionary<string, torch.Tensor> tensors = file.ReadAll();
            if (tensors.Keys.Any(IsEncoder) && !tensors.Keys.All(IsEncoder))
            {
                sets.Add((Path.GetFileName(path), tensors));
                continue;
            }

            foreach ((string name, torch.Tensor tensor) in tensors)
            {
                parts.Add(name, tensor);
            }
        }

        return parts.Count == 0 ? sets : [.. sets, (Path.GetFileName(Io), parts)];
    }

    public static KlAutoencoderOptions Options(JsonElement config)
    {
        int[] multipliers = Numbers(config, "ch_mult");
        int resolution = config.GetProperty("resolution").GetInt32();
        int[] Levels(string name) =>
            [.. Enumerable.Range(0, multipliers.Length).Where(i => Numbers(config, name).Contains(resolution >> i))];
        return new KlAutoencoderOptions
        {
            BaseChannels = config.GetProperty("ch").GetInt32(),
            ChannelMultipliers = multipliers,
            ResidualBlocks = config.GetProperty("num_res_blocks").GetInt32(),
            BottleneckChannels = config.GetProperty("z_channels").GetInt32(),
            LatentChannels = config.GetProperty("embed_dim").GetInt32(),
            EncoderAttentionLevels = Levels("enc_attn_resolutions"),
            DecoderAttentionLevels = Levels("decoder_attn_resolutions"),
            Variational = config.GetProperty("use_variational").GetBoolean(),
        };
    }

    private static bool IsEncoder(string name) =>
        name.StartsWith("encoder.", StringComparison.Ordinal) || name.StartsWith("quant_conv.", StringComparison.Ordinal);

    private static int[] Numbers(JsonElement config, string name) =>
        [.. config.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    private static JsonElement Config(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.Config();
    }

    private static string Stem(string path) => Path.ChangeExtension(path, null);
}
