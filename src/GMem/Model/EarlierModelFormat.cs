using System.Text.Json.Nodes;
using GMem.Backbone;
using GMem.Memory;
using GMem.Parts;

namespace GMem;

/// <summary>
/// Rewrites a description of format version 1 or 2 to the layout of version 3. They named parts by a string, kept the settings of a part as
/// JSON within a string and the statistics of latents among the settings of the autoencoder, and knew one condition, whose classes had a
/// memory bank.
/// </summary>
internal static class EarlierModelFormat
{
    /// <summary>Below this a row is no unit vector of a class.</summary>
    private const float SmallestEntry = 0.999f;

    public static void Update(JsonObject model)
    {
        if (model["network"] is JsonObject network)
        {
            network["conditions"] = Conditions(network);
            foreach (string name in new[] { "condition", "snippetSize", "snippetScale", "snippetDropout", "classCount", "labelDropout" })
            {
                _ = network.Remove(name);
            }
        }

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

    /// <summary>
    /// The condition with the names that a bank of unit vectors held; a class whose entry was removed goes by its number.
    /// </summary>
    public static LabelCondition WithClassNames(LabelCondition labels, MemoryBank bank)
    {
        if (bank.Dimension != labels.ClassCount)
        {
            throw new InvalidDataException(
                $"The model is damaged: its bank has {bank.Dimension} classes, but its network {labels.ClassCount}.");
        }

        string[] names = [.. labels.Names()];
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor largest, torch.Tensor classes) = bank.Rows([.. Enumerable.Range(0, (int)bank.Count).Select(i => (long)i)]).max(1);
        float[] values = largest.data<float>().ToArray();
        long[] numbers = classes.data<long>().ToArray();
        foreach (MemoryEntry entry in bank.Entries)
        {
            if (values[entry.Index] < SmallestEntry)
            {
                throw new InvalidDataException($"The model is damaged: entry {entry.Index} of its bank is no unit vector of a class.");
            }

            names[numbers[entry.Index]] = entry.Label ?? names[numbers[entry.Index]];
        }

        return new LabelCondition { ClassCount = labels.ClassCount, ClassNames = names, Dropout = labels.Dropout };
    }

    private static JsonArray Conditions(JsonObject network)
    {
        JsonNode? Setting(string name) =>
            network[name]?.DeepClone() ?? throw new InvalidDataException($"The model's description is damaged: it has no '{name}'.");
        static JsonArray One(string kind, JsonObject configuration) =>
            [new JsonObject { ["kind"] = kind, ["version"] = 1, ["configuration"] = configuration }];
        return network["condition"]?.GetValue<string>() switch
        {
            null or "Snippet" => One(
                "snippet", new JsonObject
                {
                    ["size"] = Setting("snippetSize"),
                    ["scale"] = Setting("snippetScale"),
                    ["dropout"] = Setting("snippetDropout")
                }),
            "Label" =>
                One("label", new JsonObject
                {
                    ["classCount"] = Setting("classCount"),
                    ["classNames"] = null,
                    ["dropout"] = Setting("labelDropout")
                }),
            "None" => [],
            string other => throw new InvalidDataException($"The model's description is damaged: '{other}' is no known condition."),
        };
    }
}
