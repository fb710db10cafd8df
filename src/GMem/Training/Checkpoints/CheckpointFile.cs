using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using GMem.FileFormats;

namespace GMem.Training;

/// <summary>
/// A training state as a safetensors file: flat weights, moments and averages as tensors; numbers, the run's description and a SHA-256 over
/// all of it in the metadata.
/// </summary>
internal static class CheckpointFile
{
    private const string Format = "gmem-checkpoint";
    private const int Version = 1;
    private const string FormatKey = "format";
    private const string VersionKey = "version";
    private const string NumbersKey = "numbers";
    private const string RunKey = "run";
    private const string HashKey = "sha256";

    /// <summary>How the numbers of a state are written.</summary>
    public static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <param name="stream">Where to.</param>
    /// <param name="state">What; its tensors are whole.</param>
    /// <param name="run">What decides the run's numbers, by name.</param>
    public static void Write(Stream stream, StateSnapshot state, IReadOnlyDictionary<string, string> run)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        string numbers = JsonSerializer.Serialize(state.Numbers, Json);
        string description = JsonSerializer.Serialize(run, Json);
        KeyValuePair<string, torch.Tensor>[] tensors = [.. state.Tensors.Select(t => KeyValuePair.Create(t.Key, t.Value.detach().cpu()))];
        Dictionary<string, string> metadata = new()
        {
            [FormatKey] = Format,
            [VersionKey] = Version.ToString(CultureInfo.InvariantCulture),
            [NumbersKey] = numbers,
            [RunKey] = description,
            [HashKey] = Hash(numbers, description, tensors),
        };
        SafetensorsWriter.Write(stream, tensors, metadata);
    }

    /// <summary>Reads a file and checks it to the last byte.</summary>
    /// <exception cref="InvalidDataException">It is damaged, not a checkpoint, or of a newer version.</exception>
    public static LoadedCheckpoint Read(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault(FormatKey) != Format)
        {
            throw new InvalidDataException($"'{path}' is no checkpoint of a training run.");
        }

        if (!int.TryParse(file.Metadata.GetValueOrDefault(VersionKey), CultureInfo.InvariantCulture, out int version))
        {
            throw new InvalidDataException($"'{path}' does not say which version of a checkpoint it is.");
        }

        if (version > Version)
        {
            throw new NotSupportedException(
                $"'{path}' has checkpoint version {file.Metadata.GetValueOrDefault(VersionKey)}; this GMem reads versions up to "
                    + $"{Version}. Continue the run with the GMem that began it.");
        }

        string numbers = file.Metadata.GetValueOrDefault(NumbersKey, "");
        string run = file.Metadata.GetValueOrDefault(RunKey, "");
        LoadedCheckpoint? loaded = null;
        Dictionary<string, torch.Tensor> tensors = file.ReadAll();
        try
        {
            string hash = Hash(numbers, run, [.. file.Entries.Select(e => KeyValuePair.Create(e.Name, tensors[e.Name]))]);
            if (hash != file.Metadata.GetValueOrDefault(HashKey))
            {
                throw new InvalidDataException($"'{path}' does not have the SHA-256 that it was written with: its content has changed.");
            }

            loaded = new LoadedCheckpoint(path, Parse<StateNumbers>(numbers, path), Parse<Dictionary<string, string>>(run, path), tensors);
            return loaded;
        }
        finally
        {
            if (loaded is null)
            {
                foreach (torch.Tensor tensor in tensors.Values)
                {
                    tensor.Dispose();
                }
            }
        }
    }

    /// <summary>The run's description alone; null where the file is damaged.</summary>
    public static IReadOnlyDictionary<string, string>? TryReadRun(string path)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return JsonSerializer.Deserialize<Dictionary<string, string>>(file.Metadata.GetValueOrDefault(RunKey, "null"), Json);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            return null;
        }
    }

    private static T Parse<T>(string json, string path)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Json) ?? throw new InvalidDataException($"'{path}' has no {typeof(T).Name}.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' has metadata that is not the JSON of a {typeof(T).Name}: {e.Message}", e);
        }
    }

    private static string Hash(string numbers, string run, IReadOnlyList<KeyValuePair<string, torch.Tensor>> tensors)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(numbers));
        hash.AppendData(Encoding.UTF8.GetBytes(run));
        foreach ((string name, torch.Tensor tensor) in tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            TensorBytes.AppendTo(hash, tensor);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
