using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using GMem.Transport;

namespace GMem.Tool.Output;

/// <summary>Values as JSON, and as lines to read.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Indented = Create(indented: true);
    private static readonly JsonSerializerOptions Compact = Create(indented: false);

    public static string Of(object value) => JsonSerializer.Serialize(value, Indented);

    public static string OneLine(object value) => JsonSerializer.Serialize(value, Compact);

    /// <summary>One line for each value, with its path: <c>training.batchSize  64</c>. Values that are not set are left out.</summary>
    public static string Lines(object value)
    {
        List<(string Name, string Value)> lines = [];
        Collect(JsonSerializer.SerializeToNode(value, Compact), "", lines);
        int width = lines.Count == 0 ? 0 : lines.Max(l => l.Name.Length);
        StringBuilder text = new();
        foreach ((string name, string one) in lines)
        {
            _ = text.Append(name.PadRight(width)).Append("  ").AppendLine(one);
        }

        return text.ToString();
    }

    private static void Collect(JsonNode? node, string name, List<(string Name, string Value)> lines)
    {
        switch (node)
        {
            case JsonObject members:
                foreach ((string member, JsonNode? value) in members)
                {
                    Collect(value, name.Length == 0 ? member : $"{name}.{member}", lines);
                }

                break;
            case JsonArray items:
                lines.Add((name, string.Join(", ", items.Select(item => item?.ToString() ?? ""))));
                break;
            case not null:
                lines.Add((name, node.ToString()));
                break;
        }
    }

    /// <summary>By its description: most of them have only some of its numbers.</summary>
    private sealed class TimeDistributionText : JsonConverter<TimeDistribution>
    {
        public override TimeDistribution Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Settings are printed, not read.");

        public override void Write(Utf8JsonWriter writer, TimeDistribution value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }

    private static JsonSerializerOptions Create(bool indented) => new()
    {
        WriteIndented = indented,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(), new TimeDistributionText() },
    };
}
