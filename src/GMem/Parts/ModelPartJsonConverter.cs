using System.Collections.ObjectModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using TorchSharp;

namespace GMem.Parts;

/// <summary>Writes a part without tensors as its kind, version and configuration, and loads it by its registered loader.</summary>
internal sealed class ModelPartJsonConverter<T> : JsonConverter<T>
    where T : ModelPart
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        JsonObject saved = JsonNode.Parse(ref reader) as JsonObject ?? throw new JsonException($"A {typeof(T).Name} must be an object.");
        string? unknown = saved.Select(p => p.Key).FirstOrDefault(k => k is not ("kind" or "version" or "configuration"));
        if (unknown is not null || saved["kind"] is not { } kind || saved["version"] is not { } version)
        {
            throw new JsonException(unknown is null
                ? $"A {typeof(T).Name} must have 'kind' and 'version'."
                : $"The key '{unknown}' of a {typeof(T).Name} is not known.");
        }

        PartConfiguration configuration = PartConfiguration.Parse(saved["configuration"]?.ToJsonString() ?? "{}");
        return ModelParts.Load<T>(new SavedPart(
            new PartKind(kind.GetValue<string>(), version.GetValue<int>()), configuration, ReadOnlyDictionary<string, torch.Tensor>.Empty, torch.CPU));
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", value.Kind.Name);
        writer.WriteNumber("version", value.Kind.Version);
        writer.WritePropertyName("configuration");
        writer.WriteRawValue(value.SaveConfiguration().ToString());
        writer.WriteEndObject();
    }
}
