using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using GMem.Backbone;
using GMem.Sampling;
using GMem.Transport;

namespace GMem.Model;

/// <summary>What <c>model.json</c> of a saved model says: everything but the tensors.</summary>
internal sealed class ModelDescription
{
    /// <summary>The version that this code writes, and the newest that it reads.</summary>
    public const int CurrentVersion = 3;

    /// <summary>The first version with a list of conditions, and without banks for networks that take no snippets.</summary>
    public const int FirstWithConditions = 3;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter() },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Version of the format; a reader of a lower version refuses it.</summary>
    public int Version { get; set; } = CurrentVersion;

    /// <summary>The version of the library that wrote it, for the reader's error message.</summary>
    public string WrittenBy { get; set; } = "";

    /// <summary>Side of the images in pixels.</summary>
    public int ImageSize { get; set; }

    public required SiTOptions Network { get; set; }

    public InterpolantKind Path { get; set; }

    public PredictionTarget Prediction { get; set; }

    public LossWeighting LossWeighting { get; set; }

    public required SamplingOptions Sampling { get; set; }

    public required string Autoencoder { get; set; }

    /// <summary>Steps the network was trained; 0 in files from before this was written down.</summary>
    public long TrainedSteps { get; set; }

    /// <summary>Whether training was cancelled before its last step.</summary>
    public bool IsPartial { get; set; }
    /// <summary>The autoencoder's own settings, JSON; absent for pixels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AutoencoderConfiguration { get; set; }

    /// <summary>Kind of the snippet encoder; null where the snippets came from elsewhere.</summary>
    public string? Encoder { get; set; }

    /// <summary>The encoder's own settings, JSON.</summary>
    public string? EncoderConfiguration { get; set; }

    public static void Write(Stream stream, ModelDescription description) => JsonSerializer.Serialize(stream, description, Json);

    /// <exception cref="InvalidDataException">It is not a description, or one of a newer version.</exception>
    public static ModelDescription Read(Stream stream)
    {
        try
        {
            JsonObject document = JsonNode.Parse(stream) as JsonObject ?? throw new JsonException("It is not an object.");
            // The version comes first: what a newer version writes may not be readable as this one's description at all.
            int version = (document["version"] ?? throw new JsonException("It has no version.")).GetValue<int>();
            if (version > CurrentVersion)
            {
                string by = document["writtenBy"] is { } writer ? $", written by GMem {writer}" : "";
                throw new InvalidDataException(
                    $"The model has format version {version}{by}; this GMem reads versions up to {CurrentVersion}. Update the GMem packages to load it.");
            }

            if (version < FirstWithConditions)
            {
                EarlierModelFormat.Upgrade(document);
            }

            return document.Deserialize<ModelDescription>(Json) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"The model's description is damaged: {e.Message}", e);
        }
    }
}
