using System.Text.RegularExpressions;

namespace GMem.Autoencoders.Kl;

/// <summary>Translates the tensor names of diffusers' AutoencoderKL, which many published files use, to latent diffusion's.</summary>
internal static partial class DiffusersNames
{
    private static readonly Dictionary<string, string> Roots = new(StringComparer.Ordinal)
    {
        ["encoder.conv_norm_out"] = "encoder.norm_out",
        ["decoder.conv_norm_out"] = "decoder.norm_out",
    };

    // The last four are the names used before diffusers 0.15.
    private static readonly Dictionary<string, string> AttentionParts = new(StringComparer.Ordinal)
    {
        ["group_norm"] = "norm",
        ["to_q"] = "q",
        ["to_k"] = "k",
        ["to_v"] = "v",
        ["to_out.0"] = "proj_out",
        ["query"] = "q",
        ["key"] = "k",
        ["value"] = "v",
        ["proj_attn"] = "proj_out",
    };

    /// <summary>Whether the names are diffusers'; the two conventions differ at every level.</summary>
    public static bool AreDiffusers(IEnumerable<string> names) =>
        names.Any(name => name.StartsWith("encoder.down_blocks.", StringComparison.Ordinal)
            || name.StartsWith("decoder.up_blocks.", StringComparison.Ordinal));

    /// <summary>Number of levels, needed because diffusers numbers the decoder's levels in reverse.</summary>
    public static int Levels(IEnumerable<string> names) => names
        .Select(name => Part().Match(name))
        .Where(match => match.Success && match.Groups["part"].Value is "down" or "up")
        .Select(match => Index(match, "level") + 1)
        .DefaultIfEmpty(0)
        .Max();

    /// <summary>Latent diffusion's name of a tensor. An unknown name is returned unchanged and is reported on loading.</summary>
    public static string ToLatentDiffusion(string name, int levels)
    {
        int end = name.LastIndexOf('.');
        (string module, string kind) = end < 0 ? (name, "") : (name[..end], name[end..]);
        if (Roots.TryGetValue(module, out string? root))
        {
            return root + kind;
        }

        Match match = Part().Match(name);
        if (!match.Success)
        {
            return name;
        }

        string side = match.Groups["side"].Value;
        string inner = match.Groups["inner"].Value;
        bool attention = match.Groups["what"].Value == "attentions";
        string? renamed = attention ? AttentionParts.GetValueOrDefault(inner) : inner == "conv_shortcut" ? "nin_shortcut" : inner;
        if (renamed is null)
        {
            return name;
        }

        int index = Index(match, "index");
        string level = match.Groups["level"].Value;
        string prefix = match.Groups["part"].Value switch
        {
            "mid" => $"{side}.mid.{(attention ? "attn_" : "block_")}{index + 1}.",
            "up" => $"{side}.up.{levels - 1 - Index(match, "level")}.",
            _ => $"{side}.down.{level}.",
        };
        bool middle = match.Groups["part"].Value == "mid";
        return match.Groups["what"].Value switch
        {
            "resnets" or "attentions" when middle => prefix + renamed + kind,
            "resnets" => $"{prefix}block.{index}.{renamed}{kind}",
            "attentions" => $"{prefix}attn.{index}.{renamed}{kind}",
            "downsamplers" => $"{prefix}downsample.{renamed}{kind}",
            _ => $"{prefix}upsample.{renamed}{kind}",
        };
    }

    private static int Index(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<side>encoder|decoder)\.(?:(?<part>down|up)_blocks\.(?<level>\d{1,4})|(?<part>mid)_block)"
        + @"\.(?<what>resnets|attentions|downsamplers|upsamplers)\.(?<index>\d{1,4})\.(?<inner>.+)\.(?:weight|bias)$")]
    private static partial Regex Part();
}
