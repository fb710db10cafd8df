using System.Text.Json;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

public sealed class OdeReferenceTests
{
    [Fact]
    public void Folder_EveryFile_IsOfAKindThatATestReads()
    {
        IReadOnlyList<string> files = ReferenceFolder.Files(SamplerFiles.Folder);
        ReferenceFolder.RequireCases(SamplerFiles.Folder, files, "files");
        foreach (string path in files)
        {
            using TrackedFile file = new(path);
            Assert.True(Enum.IsDefined(SamplerFiles.KindOf(file)));
        }
    }

    [Fact]
    public void Integrate_EveryClosedFormCase_HasItsStates()
    {
        List<string> cases = [];
        foreach (TrackedFile file in SamplerFiles.Open(SamplerFiles.Kind.Ode))
        {
            using (file)
            using (NewDisposeScope())
            {
                ClosedFormModel single = new(file, ScalarType.Float32), exact = new(file, ScalarType.Float64);
                foreach (JsonProperty entry in SamplerFiles.Cases(file).Where(entry => !IsReversedTwice(entry.Name)))
                {
                    FlowTransport transport = SamplerFiles.Transport(entry.Value);
                    OdeCase check = new(file, entry, transport, adaptiveTolerance: 1e-8);
                    check.Run(transport.DriftOf(single.Of(transport.Prediction)), ScalarType.Float32);
                    check.Run(transport.DriftOf(exact.Of(transport.Prediction)), ScalarType.Float64);
                    cases.Add(file.Path);
                }

                file.Exclude(IsReversedTwice);
                file.AssertAllRead();
            }
        }

        ReferenceFolder.RequireCases(SamplerFiles.Folder, cases, "ODE cases in closed form", inSmallSet: false);
    }

    [Fact]
    public void Integrate_EveryBackboneCase_HasItsStates()
    {
        List<string> cases = [];
        foreach (TrackedFile file in SamplerFiles.Open(SamplerFiles.Kind.OdeBackbone))
        {
            using (file)
            using (NewDisposeScope())
            {
                using BackboneModel single = new(file, ScalarType.Float32), exact = new(file, ScalarType.Float64);
                foreach (JsonProperty entry in SamplerFiles.Cases(file).Where(entry => !IsReversedTwice(entry.Name)))
                {
                    FlowTransport transport = SamplerFiles.Transport(entry.Value);
                    OdeCase check = new(file, entry, transport, adaptiveTolerance: 1e-6);
                    check.Run(transport.DriftOf(single.Of(entry.Value)), ScalarType.Float32);
                    if (check.Adaptive)
                    {
                        check.Run(transport.DriftOf(exact.Of(entry.Value)), ScalarType.Float64);
                    }
                    else
                    {
                        check.CompareLastWithFloat64();
                    }

                    cases.Add(file.Path);
                }

                file.Exclude(IsReversedTwice);
                file.AssertAllRead();
            }
        }

        ReferenceFolder.RequireCases(SamplerFiles.Folder, cases, "ODE cases of a backbone", inSmallSet: false);
    }

    /// <summary>The README's list of what is recorded but not to be reproduced: a reversal which reverses time twice.</summary>
    private static bool IsReversedTwice(string key) => key.StartsWith("reverse_gmem.", StringComparison.Ordinal);

    /// <summary>One case of an ODE file in one precision. Tolerances are those of the folder's README.</summary>
    private sealed class OdeCase(TrackedFile file, JsonProperty entry, FlowTransport transport, double adaptiveTolerance)
    {
        private readonly string _key = entry.Name;
        private readonly JsonElement _settings = entry.Value;
        private readonly OdeMethod _method = SamplerFiles.Ode(entry.Value);
        private Tensor? _last;

        public bool Adaptive => _method == OdeMethod.Dopri5;

        /// <summary>In place of a run in float64, which for a network doubles the time, where the tolerance is the same.</summary>
        public void CompareLastWithFloat64()
        {
            Assert.Equal(_settings.GetProperty("nfe").GetInt32(), _settings.GetProperty("nfe_f64").GetInt32());
            ReferenceFolder.Close(_last!, file.Read($"{_key}.final_f64"), 1e-5, 0, $"{file.Name} {_key} against float64");
        }

        public void Run(VectorField drift, ScalarType dtype)
        {
            bool reverse = _settings.GetProperty("reverse").GetBoolean();
            int points = _settings.GetProperty("num_steps").GetInt32();
            Tensor start = file.Read(BackboneModel.IsGuided(_settings) ? "cfg.x" : reverse ? "x_reverse" : "x").to(dtype);
            OdeSampler sampler = new(
                _method, points - 1, SamplerFiles.Number(_settings, "timestep_shift", 0),
                _settings.GetProperty("rtol").GetDouble(), _settings.GetProperty("atol").GetDouble());
            List<double> evaluated = [];
            VectorField recorded = (x, time) =>
            {
                evaluated.Add(time);
                return drift(x, time);
            };
            using SolverResult result = sampler.Integrate(
                recorded, start, transport.IntegrationInterval(stochastic: false, reverse: reverse),
                keepTrajectory: true, TestContext.Current.CancellationToken);
            Assert.Equal(evaluated.Count, result.Evaluations);
            _last = result.Final.alias();
            if (dtype == ScalarType.Float64)
            {
                CheckExact(result, evaluated);
            }
            else
            {
                CheckSingle(result, evaluated, points);
            }
        }

        private void CheckExact(SolverResult result, List<double> evaluated)
        {
            Assert.Equal(_settings.GetProperty("nfe_f64").GetInt32(), result.Evaluations);
            ReferenceFolder.Close(
                result.Final, file.Read($"{_key}.final_f64"), Adaptive ? adaptiveTolerance : 1e-5, 0, $"{file.Name} {_key} float64");
            if (Adaptive)
            {
                ReferenceFolder.Close(tensor(
                    evaluated.ToArray()), file.Read($"{_key}.eval_t_f64"), adaptiveTolerance, 0, $"{file.Name} {_key} times of evaluation");
            }
        }

        private void CheckSingle(SolverResult result, List<double> evaluated, int points)
        {
            double tolerance = Adaptive ? 3e-3 : 1e-5;
            ReferenceFolder.Close(result.Final, file.Read($"{_key}.final"), tolerance, 0, $"{file.Name} {_key}");
            ReferenceFolder.Close(tensor(result.Times.ToArray()), file.Read($"{_key}.t_grid"), 1e-6, 0, $"{file.Name} {_key} grid");
            Tensor trajectory = SamplerFiles.Pick(result.Trajectory!, SamplerFiles.TrajectoryIndex(_settings, points));
            ReferenceFolder.Close(trajectory, file.Read($"{_key}.traj"), tolerance, 0, $"{file.Name} {_key} trajectory");
            int expected = _settings.GetProperty("nfe").GetInt32();
            if (!Adaptive)
            {
                Assert.Equal(expected, result.Evaluations);
                return;
            }

            // Rounding of tiny error estimates decides on float32 steps: one or two of six evaluations may come or go.
            Assert.InRange(result.Evaluations, expected - 12, expected + 12);
            Tensor times = file.Read($"{_key}.eval_t");
            Assert.Equal(expected, times.numel());
            ReferenceFolder.Close(tensor(evaluated[..1].ToArray()), times[..1], 1e-6, 0, $"{file.Name} {_key} first time of evaluation");
        }
    }
}
