using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace GMem.Parts;

/// <summary>The settings of a part as a JSON object. Immutable.</summary>
public sealed class PartConfiguration
{
    private readonly string _json;

    internal PartConfiguration(JsonObject json) => _json = json.ToJsonString(StrictJson.OneLine);

    /// <summary>No settings at all.</summary>
    public static PartConfiguration Empty { get; } = new([]);

    /// <summary>The public properties of an object as settings, with camel-case names and enums by name.</summary>
    /// <typeparam name="T">The type of the object; it must have properties.</typeparam>
    /// <param name="settings">The object.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="ArgumentException">It is a number, a text, a list or null.</exception>
    public static PartConfiguration From<T>(T settings) => new(StrictJson.Write(settings));

    /// <summary>Parses settings.</summary>
    /// <param name="json">A JSON object.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="InvalidDataException">The text is not a JSON object.</exception>
    public static PartConfiguration Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return new PartConfiguration(StrictJson.Parse(new MemoryStream(Encoding.UTF8.GetBytes(json))));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"The configuration of a part cannot be read. {e.Message}", e);
        }
    }

    /// <summary>Reads the settings into an object whose properties have the same names.</summary>
    /// <typeparam name="T">The type of the object. Mark properties that must be present as <c>required</c> or
    /// <see cref="JsonRequiredAttribute"/>.</typeparam>
    /// <returns>The object.</returns>
    /// <exception cref="InvalidDataException">There is a setting that the type does not have, one is missing, or one has the wrong type;
    /// the message names it.</exception>
    public T Read<T>() => StrictJson.Read<T>(ToJson());

    /// <summary>The settings as JSON.</summary>
    /// <returns>A JSON object on one line.</returns>
    public override string ToString() => _json;

    /// <summary>The settings as an object of its own.</summary>
    internal JsonObject ToJson() => (JsonObject)JsonNode.Parse(_json)!;
}
