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
        AllowDuplicateProperties = false,
    };

    private static readonly JsonDocumentOptions Documents = new() { AllowDuplicateProperties = false };

    /// <summary>Descriptions are a few kilobytes; those of a hundred thousand classes are some megabytes.</summary>
    private const int LongestDocument = 64 << 20;

    /// <summary>The same JSON without line breaks.</summary>
    public static JsonSerializerOptions OneLine { get; } = new(Options) { WriteIndented = false };

    /// <summary>The public properties of an object.</summary>
    public static JsonObject Write<T>(T value) => JsonSerializer.SerializeToNode(value, Options) as JsonObject
        ?? throw new ArgumentException($"Settings must be an object with properties; {typeof(T)} is none.", nameof(value));

    public static void Write<T>(Stream stream, T value) => JsonSerializer.Serialize(stream, value, Options);

    /// <exception cref="InvalidDataException">It is no JSON object, has a key twice, or is longer than any description.</exception>
    public static JsonObject Parse(Stream stream)
    {
        try
        {
            return JsonNode.Parse(Bytes(stream), documentOptions: Documents) as JsonObject
                ?? throw new InvalidDataException("It must be a JSON object.");
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

    private static MemoryStream Bytes(Stream stream)
    {
        MemoryStream bytes = new();
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > LongestDocument)
            {
                throw new InvalidDataException($"It is longer than {LongestDocument:N0} bytes, more than any description of a model.");
            }
        }

        bytes.Position = 0;
        return bytes;
    }

    [GeneratedRegex("^The JSON property '([^']*)' could not be mapped")]
    private static partial Regex UnknownKey();
}
