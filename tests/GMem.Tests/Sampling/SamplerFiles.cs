using System.Text.Json;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Tests.Transport;
using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

/// <summary>The files of the folder <c>samplers</c> and what their metadata say. A file's kind is told by its contents.</summary>
internal static class SamplerFiles
{
    public const string Folder = "samplers";

    public enum Kind
    {
        Ode,
        OdeBackbone,
        Sde,
        SdeBackbone,
        Likelihood,
    }

    public static IEnumerable<TrackedFile> Open(Kind kind) => ReferenceFolder.Files(Folder)
        .Select(path => new TrackedFile(path)).Where(file => Keep(file, KindOf(file) == kind));

    public static Kind KindOf(TrackedFile file)
    {
        JsonElement first = file.Config("cases").EnumerateObject().First().Value;
        bool backbone = file.Config().TryGetProperty("weights", out _);
        return first.TryGetProperty("fixed_eps", out _) ? Kind.Likelihood
            : first.TryGetProperty("diffusion_form", out _) ? (backbone ? Kind.SdeBackbone : Kind.Sde)
            : first.TryGetProperty("nfe", out _) ? (backbone ? Kind.OdeBackbone : Kind.Ode)
            : throw new InvalidDataException($"{file.Name} is of no known kind");
    }

    public static IEnumerable<JsonProperty> Cases(TrackedFile file) => file.Config("cases").EnumerateObject();

    public static OdeMethod Ode(JsonElement settings) => settings.GetProperty("sampling_method").GetString() switch
    {
        "heun2" => OdeMethod.Heun,
        "rk4" => OdeMethod.RungeKutta4,
        { } name => Enum.Parse<OdeMethod>(name, ignoreCase: true),
        null => throw new InvalidDataException("no method"),
    };

    public static FlowTransport Transport(JsonElement settings)
    {
        double? Epsilon(string name) => settings.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : null;
        return new FlowTransport(
            TransportNames.Path(Text(settings, "path_type") ?? "Linear"),
            TransportNames.Prediction(Text(settings, "prediction") ?? "velocity"),
            trainEpsilon: Epsilon("train_eps"),
            sampleEpsilon: Epsilon("sample_eps"));
    }

    public static string? Text(JsonElement settings, string name) =>
        settings.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    public static double Number(JsonElement settings, string name, double absent) =>
        settings.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : absent;

    /// <summary>Which of the S states a trajectory holds.</summary>
    public static int[] TrajectoryIndex(JsonElement settings, int points)
    {
        JsonElement index = settings.GetProperty("traj_index");
        return index.ValueKind == JsonValueKind.String ? [.. Enumerable.Range(0, points)] : [.. index.EnumerateArray().Select(
            value => value.GetInt32())];
    }

    public static Tensor Pick(Tensor trajectory, int[] index) => trajectory.index_select(0, tensor(index.Select(i => (long)i).ToArray()));

    private static bool Keep(TrackedFile file, bool wanted)
    {
        if (!wanted)
        {
            file.Dispose();
        }

        return wanted;
    }
}
