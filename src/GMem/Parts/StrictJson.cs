using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace GMem.Parts;

/// <summary>JSON of saved models: camel-case names, enums by name, and no key that the reader does not know.</summary>
internal static partial class StrictJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        PropertyNameCaseInsensitive = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>The same JSON without line breaks.</summary>
    public static JsonSerializerOptions OneLine { get; } = new(Options) { WriteIndented = false };

    /// <summary>The public properties of an object.</summary>
    public static JsonObject Write<T>(T value) => JsonSerializer.SerializeToNode(value, Options) as JsonObject
        ?? throw new ArgumentException($"Settings must be an object with properties; {typeof(T)} is none.", nameof(value));

    public static void Write<T>(Stream stream, T value) => JsonSerializer.Serialize(stream, value, Options);

    /// <exception cref="InvalidDataException">It is no JSON object.</exception>
    public static JsonObject Parse(Stream stream)
    {
        try
        {
            return JsonNode.Parse(stream) as JsonObject ?? throw new InvalidDataException("It must be a JSON object.");
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"It is not JSON: {e.Message}", e);
        }
    }

    /// <summary>An object whose properties have the names of the keys.</summary>
    /// <exception cref="InvalidDataException">A key is not known, is missing or has a value that does not fit; the message names
    /// it.</exception>
    public static T Read<T>(JsonObject json)
    {
        try
        {
            return json.Deserialize<T>(Options)!;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException(
                UnknownKey().Match(e.Message) is { Success: true } unknown
                    ? $"The setting '{unknown.Groups[1].Value}' is not known to this version."
                    : $"The settings do not fit: {e.Message}",
                e);
        }
    }

    [GeneratedRegex("^The JSON property '([^']*)' could not be mapped")]
    private static partial Regex UnknownKey();
}
