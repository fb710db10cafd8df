using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace GMem.Parts;

/// <summary>The settings of a part as a JSON object. Immutable.</summary>
public sealed partial class PartConfiguration
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        PropertyNameCaseInsensitive = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly string _json;

    private PartConfiguration(string json) => _json = json;

    /// <summary>No settings at all.</summary>
    public static PartConfiguration Empty { get; } = new("{}");

    /// <summary>The public properties of an object as settings, with camel-case names and enums by name.</summary>
    /// <typeparam name="T">The type of the object.</typeparam>
    /// <param name="settings">The object.</param>
    /// <returns>The settings.</returns>
    public static PartConfiguration From<T>(T settings) => new(JsonSerializer.Serialize(settings, Options));

    /// <summary>Parses settings.</summary>
    /// <param name="json">A JSON object.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="InvalidDataException">The text is not a JSON object.</exception>
    public static PartConfiguration Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return JsonNode.Parse(json) is JsonObject settings
                ? new PartConfiguration(settings.ToJsonString(Options))
                : throw new InvalidDataException("The configuration of a part must be a JSON object.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The configuration of a part is not JSON: {e.Message}", e);
        }
    }

    /// <summary>Reads the settings into an object whose properties have the same names.</summary>
    /// <typeparam name="T">The type of the object. Mark properties that must be present as <c>required</c> or <see cref="JsonRequiredAttribute"/>.</typeparam>
    /// <returns>The object.</returns>
    /// <exception cref="InvalidDataException">There is a setting that the type does not have, one is missing, or one has the wrong type; the message
    /// names it.</exception>
    public T Read<T>()
    {
        try
        {
            return JsonSerializer.Deserialize<T>(_json, Options) ?? throw new InvalidDataException("The configuration is null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                UnknownMember().Match(e.Message) is { Success: true } unknown
                    ? $"The setting '{unknown.Groups[1].Value}' is not known to this version."
                    : $"The settings do not fit: {e.Message}",
                e);
        }
    }

    /// <summary>The settings as JSON.</summary>
    /// <returns>A JSON object.</returns>
    public override string ToString() => _json;

    [GeneratedRegex("^The JSON property '([^']*)' could not be mapped")]
    private static partial Regex UnknownMember();
}
