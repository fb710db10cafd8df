using System.Text.Json;
using GMem.Tests.Shared;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Transport;

/// <summary>The folder <c>transport</c>: a file's kind is told by the names in its configuration.</summary>
public sealed class TransportReferenceTests
{
    private const string Folder = "transport";

    [Fact]
    public void Folder_EveryFile_IsOfAKindThatATestReads()
    {
        IReadOnlyList<string> files = ReferenceFolder.Files(Folder);
        ReferenceFolder.RequireCases(Folder, files, "files");
        Assert.All(files, path =>
        {
            using TrackedFile file = new(path);
            Assert.Equal(1, new[] { IsPath(file), IsLosses(file), IsIntervals(file) }.Count(is_ => is_));
        });
    }

    [Fact]
    public void Path_EveryReferenceFile_HasItsValues()
    {
        List<string> cases = [];
        foreach (TrackedFile file in Open(IsPath))
        {
            using (file)
            using (NewDisposeScope())
            {
                cases.AddRange(Enumerable.Repeat(file.Path, CheckPath(file)));
                file.AssertAllRead();
            }
        }

        ReferenceFolder.RequireCases(Folder, cases, "quantities of paths");
    }

    [Fact]
    public void Loss_EveryReferenceCase_HasItsValue()
    {
        List<string> cases = [];
        foreach (TrackedFile file in Open(IsLosses))
        {
            using (file)
            using (NewDisposeScope())
            {
                JsonElement config = file.Config();
                foreach (string path in Strings(config, "paths"))
                {
                    CheckState(file, path);
                    foreach (string prediction in Strings(config, "predictions"))
                    {
                        foreach (string weighting in Strings(config, "weightings"))
                        {
                            cases.AddRange(Enumerable.Repeat(file.Path, CheckLosses(file, path, prediction, weighting)));
                        }
                    }
                }

                file.AssertAllRead();
            }
        }

        ReferenceFolder.RequireCases(Folder, cases, "losses");
    }

    [Fact]
    public void IntegrationInterval_EveryReferenceEntry_IsExact()
    {
        List<string> cases = [];
        foreach (TrackedFile file in Open(IsIntervals))
        {
            using (file)
            using (NewDisposeScope())
            {
                JsonElement explicitEpsilons = file.Config().GetProperty("explicit_eps");
                cases.AddRange(Enumerable.Repeat(file.Path, CheckIntervals(file, "default_eps", null, null)));
                double train = explicitEpsilons.GetProperty("train_eps").GetDouble();
                double sample = explicitEpsilons.GetProperty("sample_eps").GetDouble();
                cases.AddRange(Enumerable.Repeat(file.Path, CheckIntervals(file, "explicit_eps", train, sample)));
                file.AssertAllRead();
            }
        }

        ReferenceFolder.RequireCases(Folder, cases, "integration intervals");
    }

    /// <summary>
    /// The public constructors' epsilons where they keep what they are given. Where they drop it, ours is used; where they leave
    /// null, ours is the 1e-3 that SiT uses.
    /// </summary>
    [Fact]
    public void Epsilons_EveryReferenceEntry_AreThePublicDefaultsOrTheGivenOnes()
    {
        List<string> cases = [];
        foreach (TrackedFile file in Open(IsIntervals))
        {
            using (file)
            {
                foreach (JsonProperty entry in file.Config("create_transport_eps").EnumerateObject())
                {
                    string[] parts = entry.Name.Split('|');
                    double? train = Given(parts[3], "train_eps="), sample = Given(parts[4], "sample_eps=");
                    FlowTransport transport = new(
                        TransportNames.Path(parts[1]), TransportNames.Prediction(parts[2]), trainEpsilon: train, sampleEpsilon: sample);
                    Assert.Equal(train ?? entry.Value[0].GetDouble(), transport.TrainEpsilon);
                    Assert.Equal(sample ?? (entry.Value[1].ValueKind == JsonValueKind.Null ? 1e-3 : entry.Value[1].GetDouble()),
                        transport.SampleEpsilon);
                    cases.Add(file.Path);
                }
            }
        }

        ReferenceFolder.RequireCases(Folder, cases, "pairs of epsilons");
    }

    private static int CheckPath(TrackedFile file)
    {
        JsonElement config = file.Config(), noise = file.Config("float32_vs_float64_max_rel_diff");
        InterpolantPath path = TransportNames.Path(config.GetProperty("path_type").GetString()!);
        Tensor t = file.Read("t"), x = file.Read("x"), v = file.Read("v"), x0 = file.Read("x0"), x1 = file.Read("x1");
        int count = 0;
        void Check(string key, Func<Func<Tensor, Tensor>, Tensor> compute)
        {
            (double relative, double absolute) = (PathTolerance(path.Kind, key), 1e-6);
            Tensor exact = file.Read($"{key}_f64"), single = compute(tensor => tensor);
            ReferenceFolder.Close(single, exact, absolute, relative, $"{file.Name} {key} float32");
            ReferenceFolder.Close(compute(tensor => tensor.to(ScalarType.Float64)), exact, 1e-9, 1e-9, $"{file.Name} {key} float64");

            // Their float32 is as far from float64 as the metadata say.
            ReferenceFolder.Close(single,
                file.Read(key), absolute, relative + noise.GetProperty(key).GetDouble(), $"{file.Name} {key} float32 against float32");
            count++;
        }

        Check("alpha", to => path.Alpha(to(t)));
        Check("d_alpha", to => path.AlphaDerivative(to(t)));
        Check("sigma", to => path.Sigma(to(t)));
        Check("d_sigma", to => path.SigmaDerivative(to(t)));
        Check("d_alpha_alpha_ratio", to => path.AlphaLogDerivative(to(t)));
        Check("drift_mean", to => path.DriftMean(to(t), to(x)).neg());
        Check("drift_var", to => path.DriftVariance(to(t)));
        Check("score_from_velocity", to => path.ScoreFromVelocity(to(t), to(x), to(v)));
        Check("noise_from_velocity", to => path.NoiseFromVelocity(to(t), to(x), to(v)));
        Check("velocity_from_score", to => path.VelocityFromScore(to(t), to(x), to(v)));
        Check("plan.xt", to => path.Interpolate(to(t), to(x0), to(x1)));
        Check("plan.ut", to => path.Velocity(to(t), to(x0), to(x1)));
        foreach (string form in Strings(config, "diffusion_forms"))
        {
            foreach (JsonElement norm in config.GetProperty("diffusion_norms").EnumerateArray())
            {
                Check(
                    $"diffusion.{form}.norm{norm.GetRawText()}", to => path.Diffusion(to(t), TransportNames.Form(form), norm.GetDouble()));
            }
        }

        return count;
    }

    /// <summary>As the folder's README states them.</summary>
    private static double PathTolerance(InterpolantKind kind, string key) => kind switch
    {
        InterpolantKind.Vp when key is "sigma" or "d_sigma" or "noise_from_velocity" or "plan.ut"
            || key.StartsWith("diffusion.sigma", StringComparison.Ordinal) => 5e-4,
        InterpolantKind.Gvp when key is "score_from_velocity" or "noise_from_velocity" => 2e-3,
        _ => 1e-5,
    };

    private static void CheckState(TrackedFile file, string path)
    {
        TransportPlan plan = new FlowTransport(TransportNames.Path(path)).Plan(file.Read("t"), file.Read("x0"), file.Read("x1"));
        ReferenceFolder.Close(plan.State, file.Read($"{path}.xt"), 1e-6, 1e-5, $"{file.Name} {path}.xt");
    }

    private static int CheckLosses(TrackedFile file, string path, string prediction, string weighting)
    {
        FlowTransport transport = new(TransportNames.Path(path), TransportNames.Prediction(prediction), WeightingOf(weighting));
        int count = 0;
        foreach (ScalarType dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            Tensor Input(string key) => file.Read(key).to(dtype);
            TransportPlan plan = transport.Plan(Input("t"), Input("x0"), Input("x1"));
            void Check(string term, Tensor actual)
            {
                string key = $"{path}.{prediction}.{weighting}.{term}";
                ReferenceFolder.Close(actual, file.Read($"{key}_f64"), 0, 1e-5, $"{file.Name} {key} {dtype}");
                ReferenceFolder.Close(actual, file.Read(key), 0, 1e-5, $"{file.Name} {key} {dtype} against float32");
                count++;
            }

            Check("loss", TransportLoss.Error(transport, plan, Input("model_output")));
            Check("proj_loss", TransportLoss.Projection(Input("z_tilde"), Input("z")));
            if (transport.Prediction == PredictionTarget.Velocity && file.Config().GetProperty("use_cosine_loss").GetBoolean())
            {
                Check("cos_loss", TransportLoss.Cosine(plan, Input("model_output")));
            }
        }

        return count;
    }

    private static int CheckIntervals(TrackedFile file, string key, double? train, double? sample)
    {
        JsonElement config = file.Config();
        Tensor expected = file.Read(key);
        string[] paths = Strings(
            config, "axis0_path"), predictions = Strings(config, "axis1_prediction"), forms = Strings(config, "axis3_diffusion_form");
        bool[] Flags(string axis) => [.. config.GetProperty(axis).EnumerateArray().Select(value => value.GetBoolean())];
        bool[] stochastic = Flags("axis2_sde"), evaluation = Flags("axis4_eval"), reverse = Flags("axis5_reverse");
        double[] lastSteps = [.. config.GetProperty("axis6_last_step_size").EnumerateArray().Select(value => value.GetDouble())];
        double[] flat = [.. expected.data<double>()];
        long[] shape = expected.shape;
        int count = 0;
        for (int i = 0; i < flat.Length; i += 2, count++)
        {
            int[] at = new int[shape.Length];
            for ((int axis, long rest) = (shape.Length - 1, i); axis >= 0; rest /= shape[axis], axis--)
            {
                at[axis] = (int)(rest % shape[axis]);
            }

            FlowTransport transport = new(TransportNames.Path(
                paths[at[0]]), TransportNames.Prediction(predictions[at[1]]), trainEpsilon: train, sampleEpsilon: sample);
            IntegrationInterval interval = transport.IntegrationInterval(
                stochastic[at[2]], TransportNames.Form(forms[at[3]]), evaluation[at[4]], reverse[at[5]], lastSteps[at[6]]);
            Assert.Equal(flat[i], interval.Start, 1e-12);
            Assert.Equal(flat[i + 1], interval.End, 1e-12);
        }

        return count;
    }

    private static double? Given(string part, string name)
    {
        string value = part[name.Length..];
        return value == "None" ? null : double.Parse(value, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static IEnumerable<TrackedFile> Open(Func<TrackedFile, bool> kind)
    {
        foreach (string path in ReferenceFolder.Files(Folder))
        {
            TrackedFile file = new(path);
            if (kind(file))
            {
                yield return file;
            }
            else
            {
                file.Dispose();
            }
        }
    }

    private static bool IsPath(TrackedFile file) => file.Config().TryGetProperty("path_type", out _);

    private static bool IsLosses(TrackedFile file) => file.Config().TryGetProperty("weightings", out _);

    private static bool IsIntervals(TrackedFile file) => file.Config().TryGetProperty("axis0_path", out _);

    private static string[] Strings(JsonElement config, string name) =>
        [.. config.GetProperty(name).EnumerateArray().Select(value => value.GetString()!)];

    private static LossWeighting WeightingOf(string name) => Enum.Parse<LossWeighting>(name, ignoreCase: true);
}
