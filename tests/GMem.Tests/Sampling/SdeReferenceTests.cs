using System.Text.Json;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Tests.Transport;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

public sealed class SdeReferenceTests
{
    [Fact]
    public void Sample_EveryClosedFormCase_HasItsStates()
    {
        List<string> cases = [];
        foreach (TrackedFile file in SamplerFiles.Open(SamplerFiles.Kind.Sde))
        {
            using (file)
            using (NewDisposeScope())
            {
                ClosedFormModel single = new(file, ScalarType.Float32), exact = new(file, ScalarType.Float64);
                foreach (JsonProperty entry in SamplerFiles.Cases(file))
                {
                    SdeCase check = new(file, entry);
                    check.Run(single.Of(check.Transport.Prediction), ScalarType.Float32);
                    check.Run(exact.Of(check.Transport.Prediction), ScalarType.Float64);
                    cases.Add(file.Path);
                }

                ExcludeNonFinite(file);
                file.AssertAllRead();
            }
        }

        ReferenceFolder.RequireCases(SamplerFiles.Folder, cases, "SDE cases in closed form", inSmallSet: false);
    }

    [Fact]
    public void Sample_EveryBackboneCase_HasItsStates()
    {
        List<string> cases = [];
        foreach (TrackedFile file in SamplerFiles.Open(SamplerFiles.Kind.SdeBackbone))
        {
            using (file)
            using (NewDisposeScope())
            {
                // The network's own float64 has tests of its own; a second run in it would double the time.
                using BackboneModel network = new(file, ScalarType.Float32);
                foreach (JsonProperty entry in SamplerFiles.Cases(file))
                {
                    SdeCase check = new(file, entry);
                    check.Run(network.Of(entry.Value), ScalarType.Float32, alsoAgainstFloat64: true);
                    cases.Add(file.Path);
                }

                ExcludeNonFinite(file);
                file.AssertAllRead();
            }
        }

        ReferenceFolder.RequireCases(SamplerFiles.Folder, cases, "SDE cases of a backbone", inSmallSet: false);
    }

    /// <summary>The README's list of what is recorded but not to be reproduced: the final state of cases that end in NaN.</summary>
    private static void ExcludeNonFinite(TrackedFile file)
    {
        string[] keys = [.. SamplerFiles.Cases(file).Where(entry => SdeCase.IsNonFinite(entry.Value)).Select(entry => entry.Name)];
        file.Exclude(key => keys.Any(name => key == $"{name}.final" || key == $"{name}.final_f64"));
    }

    /// <summary>One case of an SDE file in one precision. Tolerances are those of the folder's README.</summary>
    private sealed class SdeCase(TrackedFile file, JsonProperty entry)
    {
        private const double UnitInLastPlace = 1.0 / (1 << 23);

        private readonly string _key = entry.Name;
        private readonly JsonElement _settings = entry.Value;

        public FlowTransport Transport { get; } = SamplerFiles.Transport(entry.Value);

        public static bool IsNonFinite(JsonElement settings) => settings.GetProperty("non_finite").GetBoolean();

        public void Run(VectorField model, ScalarType dtype, bool alsoAgainstFloat64 = false)
        {
            if (IsNonFinite(_settings))
            {
                RunUntilNonFinite(model, dtype);
                return;
            }

            SdeSampler sampler = Create();
            Assert.Equal(_settings.GetProperty("t0").GetDouble(), sampler.Interval.Start, 1e-7);
            Assert.Equal(_settings.GetProperty("t1").GetDouble(), sampler.Interval.End, 1e-7);
            Assert.Equal(_settings.GetProperty("dt").GetDouble(), (sampler.Interval.End - sampler.Interval.Start) / sampler.Steps, 1e-6);
            double largest = 0;
            using SolverResult result = Sample(sampler, Watched(model, state => largest = Math.Max(largest, state)), dtype);
            string suffix = dtype == ScalarType.Float64 ? "_f64" : "";
            Close(result.Final, $"{_key}.final{suffix}");
            if (alsoAgainstFloat64)
            {
                Close(result.Final, $"{_key}.final_f64");
            }

            if (dtype == ScalarType.Float32)
            {
                Close(SamplerFiles.Pick(result.Trajectory!, Index()), $"{_key}.traj", largest * UnitInLastPlace);
            }
        }

        /// <summary>The settings are refused by name; on a grid cut off before the singular time the recorded states come out.</summary>
        private void RunUntilNonFinite(VectorField model, ScalarType dtype)
        {
            ArgumentException refusal = Assert.Throws<ArgumentException>(Create);
            Assert.Contains("epsilon", refusal.Message, StringComparison.Ordinal);
            int finite = _settings.GetProperty("first_non_finite_index").GetInt32();
            int[] kept = [.. Index().TakeWhile(index => index < finite)];
            Tensor expected = file.Read($"{_key}.traj");
            if (dtype == ScalarType.Float64 || kept.Length == 0)
            {
                return;
            }

            double[] times = TimeGrid.Create(
                _settings.GetProperty("t0").GetDouble(), _settings.GetProperty("t1").GetDouble(), Points - 1, 0);
            SdeSampler cut = new(Transport, Method, Form, Norm, SdeLastStep.None, 0, times[..(finite + 1)]);
            using SolverResult result = Sample(cut, model, dtype);
            ReferenceFolder.Close(SamplerFiles.Pick(
                result.Trajectory!, kept), expected[..kept.Length], 2e-5, 0, $"{file.Name} {_key} before it is not finite");
        }

        private int Points => _settings.GetProperty("num_steps").GetInt32();

        private SdeMethod Method => _settings.GetProperty("sampling_method")
            .GetString() == "Euler" ? SdeMethod.EulerMaruyama : SdeMethod.Heun;

        private DiffusionForm Form => TransportNames.Form(_settings.GetProperty("diffusion_form").GetString()!);

        private double Norm => _settings.GetProperty("diffusion_norm").GetDouble();

        private int[] Index() => SamplerFiles.TrajectoryIndex(_settings, Points);

        private SdeSampler Create() => new(
            Transport, Method, Points - 1, Form, Norm,
            SamplerFiles.Text(_settings, "last_step") is { } name ? Enum.Parse<SdeLastStep>(name) : SdeLastStep.None,
            _settings.GetProperty("last_step_size").GetDouble());

        private SolverResult Sample(SdeSampler sampler, VectorField model, ScalarType dtype)
        {
            bool guided = BackboneModel.IsGuided(_settings);
            Tensor noise = file.Read(guided ? "cfg.noise" : "noise").to(dtype), start = file.Read(guided ? "cfg.x" : "x").to(dtype);
            return sampler.Sample(model, start, step => noise[step], keepTrajectory: true,
                cancellationToken: TestContext.Current.CancellationToken);
        }

        /// <summary>
        /// Recorded float32 states cannot be better than one unit in the last place of the largest state inside their steps: the first
        /// steps of the SBDM diffusion pass through hundreds and cancel to below 1, so that the exact solution itself is further than 2e-5
        /// from the record.
        /// </summary>
        private void Close(Tensor actual, string key, double rounding = 0)
        {
            double relative = _settings.GetProperty("final_std").GetDouble() > 2 ? 1e-4 : 0;
            ReferenceFolder.Close(actual, file.Read(key), 2e-5 + rounding, relative, $"{file.Name} {key}");
        }

        private static VectorField Watched(VectorField model, Action<double> report) => (x, t) =>
        {
            report(x.abs().max().to(ScalarType.Float64).item<double>());
            return model(x, t);
        };
    }
}
