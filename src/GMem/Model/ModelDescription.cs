using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Images;
using GMem.Parts;
using GMem.Sampling;
using GMem.Transport;

namespace GMem;

/// <summary>What <c>model.json</c> of a saved model says: everything but the tensors.</summary>
internal sealed class ModelDescription
{
    /// <summary>The version that this code writes, and the newest that it reads.</summary>
    public const int CurrentVersion = 3;

    /// <summary>The first version with a list of conditions, and without banks for networks that take no snippets.</summary>
    public const int FirstWithConditions = 3;

    /// <summary>Version of the format; a reader of a lower version refuses it.</summary>
    public int Version { get; set; } = CurrentVersion;

    /// <summary>The version of the library that wrote it, for the reader's error message.</summary>
    public string WrittenBy { get; set; } = "";

    /// <summary>Side of the images in pixels, where they are square, RGB and cropped; else null, and not written.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ImageSize { get; set; }

    /// <summary>Shape of the images where they are not; else null, and not written.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImageShape? ImageShape { get; set; }

    /// <summary>Shape of the images, however it is written.</summary>
    [JsonIgnore]
    public ImageShape Images
    {
        get => ImageShape ?? ImageSize ?? 0;
        set => (ImageSize, ImageShape) = value == value.Height ? ((int?)value.Height, (ImageShape?)null) : (null, value);
    }

    public required SiTOptions Network { get; set; }

    public InterpolantKind Path { get; set; }

    public PredictionTarget Prediction { get; set; }

    public LossWeighting LossWeighting { get; set; }

    public required SamplingOptions Sampling { get; set; }

    public required PartDescription Autoencoder { get; set; }

    /// <summary>What the autoencoder's latents are normalised by, if anything.</summary>
    public LatentStatistics? LatentStatistics { get; set; }

    /// <summary>What makes snippets; null where they came from elsewhere.</summary>
    public PartDescription? Encoder { get; set; }

    /// <summary>What the flow starts from; null, and not written, for N(0, I).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PartDescription? Source { get; set; }

    /// <summary>How strongly the adapter counts that is saved with the network; null, and not written, where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AdapterStrength { get; set; }

    /// <summary>Steps the network was trained; 0 in files from before this was written down.</summary>
    public long TrainedSteps { get; set; }

    /// <summary>Whether training was cancelled before its last step.</summary>
    public bool IsPartial { get; set; }

    public static void Write(Stream stream, ModelDescription description) => StrictJson.Write(stream, description);

    /// <exception cref="InvalidDataException">It is not a description, or one of a newer version.</exception>
    public static ModelDescription Read(Stream stream)
    {
        (JsonObject json, int version) = Undamaged(() =>
        {
            JsonObject parsed = StrictJson.Parse(stream);
            return (parsed, (int?)parsed["version"] ?? throw new InvalidDataException("It has no version."));
        });

        // The version comes first: what a newer version writes may not be readable as this one's description at all.
        if (version > CurrentVersion)
        {
            string by = json["writtenBy"] is JsonValue writer ? $", written by GMem {writer}" : "";
            throw new InvalidDataException(
                $"The model has format version {version}{by}; this GMem reads versions up to {CurrentVersion}. "
                + "Update the GMem packages to load it.");
        }

        return Undamaged(() =>
        {
            if (version < CurrentVersion)
            {
                EarlierModelFormat.Update(json);
            }

            return StrictJson.Read<ModelDescription>(json);
        });
    }

    private static T Undamaged<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"The model's description is damaged: {e.Message}", e);
        }
    }
}
