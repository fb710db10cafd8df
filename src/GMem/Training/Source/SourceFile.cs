using GMem.FileFormats;
using GMem.Parts;

namespace GMem.Training;

/// <summary>The fitted source of a run in its workspace.</summary>
/// <param name="workspace">The run's folder.</param>
/// <param name="run">What decides the run's numbers, by name.</param>
internal sealed class SourceFile(string workspace, IReadOnlyDictionary<string, string> run)
{
    private const string RunKey = "run";

    private readonly string _path = Path.Combine(workspace, "source.safetensors");

    /// <returns>The source of this very run; null where it has not been written or is damaged, or another run's was.</returns>
    public RidgeSource? TryRead(CentredSource source, torch.Device device)
    {
        if (!File.Exists(_path))
        {
            return null;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(_path);
            return file.Metadata.GetValueOrDefault(RunKey) == Key()
                ? RidgeSource.Of(source.NoiseScale, file.Read("mean"), file.Read("weight"), device)
                : null;
        }
        catch (Exception e) when (e is InvalidDataException or KeyNotFoundException)
        {
            // Fitting it again costs little and gives the same.
            return null;
        }
    }

    public void Write(RidgeSource source)
    {
        _ = Directory.CreateDirectory(workspace);
        SafetensorsWriter.Write(_path, source.SaveTensors(), new Dictionary<string, string> { [RunKey] = Key() });
    }

    private string Key()
    {
        using CacheKey key = new();
        foreach ((string name, string value) in run.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            key.Add(name);
            key.Add(value);
        }

        return key.Finish();
    }
}
