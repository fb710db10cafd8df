using System.Text.Json.Nodes;
using GMem.Parts;

namespace GMem.Model;

/// <summary>
/// Rewrites a description of format version 1 or 2 to the layout of version 3. Those named parts by a text, kept the settings of a part as
/// JSON within a text, and the statistics of latents among the settings of the autoencoder.
/// </summary>
internal static class EarlierModelFormat
{
    public static void Update(JsonObject model)
    {
        RewritePart(model, "autoencoder", "autoencoderConfiguration");
        RewritePart(model, "encoder", "encoderConfiguration");
        if (model["autoencoder"]?["configuration"] is JsonObject settings)
        {
            JsonNode? mean = Take(settings, "LatentMean"), deviation = Take(settings, "LatentStandardDeviation");
            model["latentStatistics"] = mean is null && deviation is null
                ? null
                : new JsonObject { ["mean"] = mean, ["standardDeviation"] = deviation };
        }
    }

    private static void RewritePart(JsonObject model, string name, string settingsName)
    {
        string? settings = (string?)Take(model, settingsName);
        if ((string?)model[name] is { } kind)
        {
            JsonObject configuration = PartConfiguration.Parse(settings ?? "{}").ToJson();
            model[name] = new JsonObject { ["kind"] = kind, ["version"] = 1, ["configuration"] = configuration };
        }
    }

    private static JsonNode? Take(JsonObject json, string name)
    {
        JsonNode? value = json[name];
        _ = json.Remove(name);
        return value;
    }
}
