using System.Text.Json;
using System.Text.Json.Serialization;

namespace GMem.Sampling;

/// <summary>Writes a stepper as its name.</summary>
internal abstract class StepperConverter<T>(StepperRegistry<T> registry) : JsonConverter<T>
    where T : Stepper
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        registry.Read(reader.GetString());

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(
        registry.Contains(value) ? value.Name : throw new InvalidOperationException(
            $"{value} cannot be saved by its name, because it is not registered: "
            + $"call {typeof(T).Name}.Register with it when the program starts."));
}
