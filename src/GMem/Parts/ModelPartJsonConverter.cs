using System.Collections.ObjectModel;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace GMem.Parts;

/// <summary>Writes a part without tensors as its description, and loads it by its registered loader.</summary>
internal sealed class ModelPartJsonConverter<T> : JsonConverter<T>
    where T : ModelPart
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        (JsonSerializer.Deserialize<PartDescription>(ref reader, options) ?? throw new JsonException($"A {typeof(T).Name} is null."))
            .Load<T>(ReadOnlyDictionary<string, torch.Tensor>.Empty, torch.CPU);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, PartDescription.Of(value), options);
}
