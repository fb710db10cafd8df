using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace HeadlineResult;

/// <summary>Finished curves on disk, by what decided them.</summary>
internal sealed class CurveStore
{
    private readonly Protocol _protocol;

    public CurveStore(Protocol protocol)
    {
        _protocol = protocol;
        Directory.CreateDirectory(protocol.Curves);
    }

    /// <summary>The curve of an earlier run under the same protocol, or a new one.</summary>
    public Curve Get(Contestant contestant, int seed, Func<Curve> run)
    {
        string path = Path.Combine(_protocol.Curves, Key(contestant, seed));
        if (!File.Exists(path))
        {
            Curve curve = run();
            File.WriteAllText(path, JsonSerializer.Serialize(curve));
            return curve;
        }

        return JsonSerializer.Deserialize<Curve>(File.ReadAllText(path))
            ?? throw new InvalidDataException($"'{path}' holds no curve; delete it.");
    }

    private string Key(Contestant contestant, int seed)
    {
        string decides = $"{contestant.Name} {seed} {_protocol} {_protocol.SnippetDimension} {_protocol.TrainingImages} "
            + $"{string.Join(' ', _protocol.StageSteps(contestant))}";
        return $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(decides)))[..16]}.json";
    }
}
