using System.Text.Json;
using GMem.Backbone;
using GMem.Runtime;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

/// <summary>The network of the backbone reference files, plain or guided as a case says.</summary>
internal sealed class BackboneModel : IDisposable
{
    private readonly SiT _network;
    private readonly Tensor _condition;
    private readonly Tensor? _guidedCondition;

    public BackboneModel(TrackedFile file, ScalarType dtype)
    {
        JsonElement config = file.Config();
        string weights = Path.Combine(Path.GetDirectoryName(file.Path)!, "..", config.GetProperty("weights").GetString()!);
        _network = TestBackbone.Load(weights, config.GetProperty("model"), dtype);
        _condition = file.Read("c").to(dtype);
        _guidedCondition = file.Contains("cfg.c") ? file.Read("cfg.c").to(dtype) : null;
    }

    public void Dispose() => _network.Dispose();

    public static bool IsGuided(JsonElement settings) => SamplerFiles.Text(settings, "model_fn") == "forward_with_cfg";

    public VectorField Of(JsonElement settings)
    {
        if (!IsGuided(settings))
        {
            return (x, time) => _network.forward(x, x.Filled(x.size(0), time), _condition);
        }

        bool interval = settings.TryGetProperty("cfg_interval", out JsonElement on) && on.ValueKind == JsonValueKind.True;
        double? Bound(string name) =>
            interval && SamplerFiles.Number(settings, name, double.NaN) is var bound && !double.IsNaN(bound) ? bound : null;
        Guidance guidance = new(settings.GetProperty("cfg_scale").GetDouble(), Bound("cfg_interval_start"), Bound("cfg_interval_end"));

        // The public code keeps a doubled state, whose second half is never looked at and gets the guided prediction of the first.
        return (x, time) =>
        {
            long half = x.size(0) / 2;
            Tensor guided = guidance.Predict(
                _network.forward, x[..(int)half], x.Filled(half, time), _guidedCondition![..(int)half], _guidedCondition[(int)half..]);
            return cat([guided, guided]);
        };
    }
}
