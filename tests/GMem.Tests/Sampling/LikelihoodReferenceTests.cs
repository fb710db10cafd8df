using System.Text.Json;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

public sealed class LikelihoodReferenceTests
{
    [Fact]
    public void Likelihood_EveryReferenceCase_HasItsDensityAndItsNoise()
    {
        List<string> cases = [];
        foreach (TrackedFile file in SamplerFiles.Open(SamplerFiles.Kind.Likelihood))
        {
            using (file)
            using (NewDisposeScope())
            {
                foreach (JsonProperty entry in SamplerFiles.Cases(file))
                {
                    CheckEstimate(file, entry, ScalarType.Float32);
                    CheckEstimate(file, entry, ScalarType.Float64);
                    cases.Add(file.Path);
                }

                if (file.Contains("exact.logp_f64"))
                {
                    CheckExact(file);
                    cases.Add(file.Path);
                }

                file.AssertAllRead();
            }
        }

        ReferenceFolder.RequireCases(SamplerFiles.Folder, cases, "likelihood cases");
    }

    private static void CheckEstimate(TrackedFile file, JsonProperty entry, ScalarType dtype)
    {
        (string key, JsonElement settings) = (entry.Name, entry.Value);
        OdeMethod method = SamplerFiles.Ode(settings);
        Likelihood likelihood = new(
            SamplerFiles.Transport(settings), method, settings.GetProperty("num_steps").GetInt32() - 1,
            settings.GetProperty("rtol").GetDouble(), settings.GetProperty("atol").GetDouble());
        List<double> evaluated = [];
        VectorField model = Recorded(new ClosedFormModel(file, dtype).Of(PredictionTarget.Velocity), evaluated);
        Tensor data = file.Read("x").to(dtype);
        bool isFixed = settings.GetProperty("fixed_eps").GetBoolean();
        Tensor probes = file.Read(isFixed ? "fixed_eps" : $"{key}.eps").to(dtype);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using LikelihoodResult result = isFixed
            ? likelihood.Estimate(model, data, probes, cancellationToken: cancellation)
            : likelihood.Estimate(model, data, evaluation => probes[evaluation], cancellationToken: cancellation);

        bool exact = dtype == ScalarType.Float64, adaptive = method == OdeMethod.Dopri5;

        // Rounding of tiny error estimates decides on adaptive float32 steps: one or two of six evaluations may come or go.
        int expected = settings.GetProperty(exact ? "nfe_f64" : "nfe").GetInt32(), slack = adaptive && !exact ? 12 : 0;
        Assert.InRange(result.Evaluations, expected - slack, expected + slack);
        double tolerance = !adaptive ? 5e-5 : exact ? 1e-8 : 5e-3;
        string suffix = exact ? "_f64" : "";
        ReferenceFolder.Close(
            result.LogLikelihood, file.Read($"{key}.logp{suffix}"), tolerance, 0, $"{file.Name} {key} {dtype} log-likelihood");
        ReferenceFolder.Close(result.Noise, file.Read($"{key}.z{suffix}"), tolerance, 0, $"{file.Name} {key} {dtype} noise");
        if (!exact)
        {
            Tensor times = file.Read($"{key}.eval_t");
            Assert.Equal(expected, times.numel());
            int compared = adaptive ? 1 : expected;
            ReferenceFolder.Close(
                tensor(evaluated[..compared].ToArray()), times[..compared], 1e-6, 0, $"{file.Name} {key} times of evaluation");
        }
    }

    private static void CheckExact(TrackedFile file)
    {
        VectorField model = new ClosedFormModel(file, ScalarType.Float64).Of(PredictionTarget.Velocity);
        Likelihood likelihood = new(FlowTransport.LinearVelocity, OdeMethod.RungeKutta4, steps: 150);
        using LikelihoodResult result = likelihood.Evaluate(
            model, file.Read("x").to(ScalarType.Float64), cancellationToken: TestContext.Current.CancellationToken);
        ReferenceFolder.Close(result.LogLikelihood, file.Read("exact.logp_f64"), 1e-8, 0, $"{file.Name} exact log-likelihood");
        ReferenceFolder.Close(result.Divergence, file.Read("exact.delta_logp_f64"), 1e-8, 0, $"{file.Name} exact divergence");
        ReferenceFolder.Close(result.Noise, file.Read("exact.z_f64"), 1e-8, 0, $"{file.Name} exact noise");
    }

    private static VectorField Recorded(VectorField model, List<double> times) => (x, time) =>
    {
        times.Add(time);
        return model(x, time);
    };
}
